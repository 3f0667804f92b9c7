import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION } from '#contract/names.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { Store } from '#test/bed/store.ts';
import { startControlPlane, startMinio, type ControlPlane } from '#test/cluster/index.ts';
import { linearBundle } from '#test/support/bundle.ts';
import type { Figure, Measurement } from '../figure.ts';
import { MIB, processMemory } from '../process-memory.ts';
import { endOf, operatorWrites, total } from './audit.ts';
import { HostOperator } from './host-operator.ts';

const COUNT = 1000;
const NODES = 40;

interface Scale {
  readonly firstReady: Measurement;
  readonly updateReady: Measurement;
  readonly firstWrites: Measurement;
  readonly updateWrites: Measurement;
  readonly memory: Measurement;
}

/** A thousand ModelDeployments of one small model, on a real control plane with simulated nodes. */
export function scale(): readonly Figure[] {
  let measured: Promise<Scale> | undefined;
  const read = async (pick: (scale: Scale) => Measurement): Promise<Measurement> => {
    measured ??= measureScale();
    return pick(await measured);
  };
  const ready = { atMost: 10, unit: 's' };
  const writes = { atMost: 12, unit: 'for each' };
  return [
    {
      name: `${COUNT} ModelDeployments, ready after the end of the apply`,
      goal: ready,
      measure: () => read((s) => s.firstReady),
    },
    {
      name: `${COUNT} ModelDeployments, ready after the end of an update of all`,
      goal: ready,
      measure: () => read((s) => s.updateReady),
    },
    {
      name: `${COUNT} ModelDeployments, writes of the first rollout`,
      goal: writes,
      measure: () => read((s) => s.firstWrites),
    },
    {
      name: `${COUNT} ModelDeployments, writes of the update`,
      goal: writes,
      measure: () => read((s) => s.updateWrites),
    },
    {
      name: `${COUNT} ModelDeployments, memory of the operator`,
      goal: { atMost: 150, unit: 'MiB' },
      measure: () => read((s) => s.memory),
    },
  ];
}

async function measureScale(): Promise<Scale> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-scale-'));
  const plane = await startControlPlane({ kwokNodes: NODES, audit: true });
  const minio = await startMinio();
  const operator = new HostOperator({
    kubeconfig: plane.kubeconfig,
    runtimeImage: 'localhost/windlass/runtime:figure',
    log: join(folder, 'operator.log'),
    flags: ['--allow-loopback-endpoints'],
  });
  try {
    const store = new Store({ ...minio }, 'models');
    await store.create();
    await plane.installCrds();
    await operator.start();
    await operator.ready();
    const uris = [];
    for (const version of [1, 2]) {
      const files = linearBundle({ version: String(version), weight: version });
      uris.push(await store.putBundle(`small/${version}/`, files));
    }
    await plane.kubectl(['apply', '-f', '-'], JSON.stringify(secret({ ...minio })));
    const first = await applyAll(plane, uris[0] ?? '');
    const update = await applyAll(plane, uris[1] ?? '');
    const { now, peak } = await processMemory(operator.pid);
    return {
      firstReady: first.ready,
      updateReady: update.ready,
      firstWrites: first.writes,
      updateWrites: update.writes,
      memory: { value: now / MIB, detail: { peakMiB: peak / MIB } },
    };
  } finally {
    await operator.stop();
    await minio.stop();
    await plane.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function applyAll(
  plane: ControlPlane,
  uri: string,
): Promise<{ readonly ready: Measurement; readonly writes: Measurement }> {
  if (plane.auditLog === undefined) throw new Error('the control plane has no audit log');
  const from = await endOf(plane.auditLog);
  const objects = Array.from({ length: COUNT }, (_, index) => modelDeployment(index, uri));
  const start = performance.now();
  await plane.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );
  const applied = performance.now();
  await untilAllReady(plane, uri);
  const ready = (performance.now() - applied) / 1000;
  await sleep(10_000); // what is written after Ready counts as well
  const counts = await operatorWrites(plane.auditLog, from);
  return {
    ready: { value: ready, detail: { applySeconds: (applied - start) / 1000 } },
    writes: { value: total(counts) / COUNT, detail: Object.fromEntries(counts) },
  };
}

async function untilAllReady(plane: ControlPlane, uri: string): Promise<void> {
  const end = performance.now() + 300_000;
  for (;;) {
    const { items } = JSON.parse(
      await plane.kubectl([
        'get',
        '--raw',
        '/apis/windlass.dev/v1alpha1/namespaces/default/modeldeployments',
      ]),
    ) as { items: readonly ModelDeployment[] };
    const ready = items.filter((each) => each.spec.model.uri === uri && isReady(each)).length;
    if (ready === COUNT) return;
    if (performance.now() > end) throw new Error(`${ready} of ${COUNT} were ready 300 s after the apply`);
    await sleep(500);
  }
}

function isReady({ metadata, status }: ModelDeployment): boolean {
  return (
    status?.observedGeneration === metadata.generation &&
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
  );
}

function modelDeployment(index: number, uri: string): unknown {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: `small-${index}`, namespace: 'default' },
    spec: {
      model: { uri, credentials: { secretName: 'models' } },
      serving: { resources: { requests: { cpu: '1m', memory: '32Mi' }, limits: { memory: '256Mi' } } },
    },
  };
}

function secret(minio: { endpoint: string; region: string; accessKey: string; secretKey: string }): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'models', namespace: 'default' },
    stringData: {
      AWS_ACCESS_KEY_ID: minio.accessKey,
      AWS_SECRET_ACCESS_KEY: minio.secretKey,
      AWS_ENDPOINT_URL: minio.endpoint,
      AWS_REGION: minio.region,
    },
  };
}
