import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { Load, type LoadReport } from '#test/support/load.ts';
import type { Figure, Measurement } from '../figure.ts';
import type { Ground } from './ground.ts';

const RATE = 200;
const PODS = 'windlass.dev/model-deployment';

/** What callers see: how soon the first answer comes, and that no change fails a request. */
export function traffic(ground: Ground): readonly Figure[] {
  return [
    {
      name: 'apply to first correct prediction',
      goal: { atMost: 6, unit: 's' },
      measure: () => ground.within('first', firstPrediction),
    },
    ...(
      [
        ['a new revision', rollOut],
        ['a pod deleted every 5 s', deletePods],
        ['a scale from 4 to 1', scaleDown],
      ] as const
    ).flatMap(([name, change]) =>
      (['keptAlive', 'fresh'] as const).map((connections) => ({
        name: `failed requests during ${name}, ${connections} connections, ${RATE}/s`,
        goal: { atMost: 0, unit: '' },
        measure: () => ground.within('traffic', (namespace) => underLoad(namespace, connections, change)),
      })),
    ),
    {
      name: 'undo to a warm revision, until the last answer of the other one',
      goal: { atMost: 2, unit: 's' },
      measure: () => ground.within('undo-warm', (namespace) => undo(namespace, 'warm')),
    },
    {
      name: 'undo to a retired revision, until the last answer of the other one',
      goal: { atMost: 10, unit: 's' },
      measure: () => ground.within('undo-retired', (namespace) => undo(namespace, 'retired')),
    },
  ];
}

/** Puts version `n` (its model answers n * x + y) and returns its URI. */
export function putVersion(namespace: Namespace, version: number): Promise<string> {
  const files = linearBundle({ version: String(version), weight: version });
  return namespace.store.putBundle(`${namespace.name}/${version}/`, files);
}

export const BODY = { x: 3, y: 1 };

async function firstPrediction(namespace: Namespace): Promise<Measurement> {
  const seconds: number[] = [];
  for (let round = 1; round <= 5; round += 1) {
    const uri = await putVersion(namespace, round);
    const deployment = namespace.deployment(`first-${round}`);
    const start = performance.now();
    await deployment.apply({ model: { uri } });
    const url = await deployment.url('/predict');
    for (;;) {
      const answer = await deployment.predictAt(url, BODY).catch(() => undefined);
      if (answer?.status === 200) {
        const { prediction } = answer.body as { prediction: number };
        if (prediction !== round * 3 + 1) throw new Error(`a wrong prediction: ${prediction}`);
        break;
      }
      if (performance.now() - start > 60_000) throw new Error('no prediction within 60 s');
      await sleep(20);
    }
    seconds.push((performance.now() - start) / 1000);
  }
  return {
    value: seconds.toSorted((a, b) => a - b)[2] ?? Number.NaN,
    detail: { what: 'median of 5', seconds },
  };
}

export async function underLoad(
  namespace: Namespace,
  connections: 'keptAlive' | 'fresh',
  change: (deployment: TestDeployment) => Promise<void>,
): Promise<Measurement> {
  const deployment = namespace.deployment('served');
  await deployment.apply({ model: { uri: await putVersion(namespace, 1) }, replicas: 2 });
  await deployment.ready();
  await deployment.answer(BODY);
  const load = new Load({
    url: await deployment.url('/predict'),
    body: JSON.stringify(BODY),
    ratePerSecond: RATE,
    connections,
  });
  await sleep(2000);
  try {
    await change(deployment);
  } finally {
    await sleep(2000);
  }
  return failuresOf(await load.stop());
}

export function failuresOf(report: LoadReport): Measurement {
  return {
    value: report.failures.length,
    detail: { sent: report.sent, ...report.latencyMs, first: report.failures.slice(0, 3) },
  };
}

async function rollOut(deployment: TestDeployment): Promise<void> {
  const uri = await putVersion(deployment.namespace, 2);
  await deployment.apply({ model: { uri }, replicas: 2 });
  await deployment.until('at version 2', ({ status }) => status?.modelVersion === '2');
}

async function deletePods(deployment: TestDeployment): Promise<void> {
  const { namespace, name } = deployment;
  for (let round = 0; round < 6; round += 1) {
    const pods = await namespace.kubectl('get', 'pods', '-l', `${PODS}=${name}`, '-o', 'name');
    await namespace.kubectl('delete', '--wait=false', pods.split('\n')[0] ?? '');
    await sleep(5000);
  }
}

async function scaleDown(deployment: TestDeployment): Promise<void> {
  const { namespace, name } = deployment;
  await namespace.kubectl('scale', 'modeldeployment', name, '--replicas=4');
  await deployment.until('at four pods', ({ status }) => status?.readyReplicas === 4);
  await namespace.kubectl('scale', 'modeldeployment', name, '--replicas=1');
  await deployment.until('at one pod', ({ status }) => status?.replicas === 1);
  await sleep(10_000);
}

async function undo(namespace: Namespace, to: 'warm' | 'retired'): Promise<Measurement> {
  const deployment = namespace.deployment('served');
  const history = to === 'warm' ? {} : { warm: 0 };
  await deployment.apply({ model: { uri: await putVersion(namespace, 1) }, replicas: 2, history });
  await deployment.ready();
  const uri = await putVersion(namespace, 2);
  await deployment.apply({ model: { uri }, replicas: 2, history });
  const { status } = await deployment.until('at version 2', (each) => each.status?.modelVersion === '2');
  const undone = status?.stableRevision ?? '';
  const load = new Load({
    url: await deployment.url('/predict'),
    body: JSON.stringify(BODY),
    ratePerSecond: RATE,
    connections: 'keptAlive',
  });
  await sleep(to === 'warm' ? 3000 : 15_000);
  const asked = performance.now();
  await deployment.undo({ reason: 'a figure' });
  await deployment.until('back at version 1', (each) => each.status?.modelVersion === '1');
  await sleep(5000);
  const report = await load.stop();
  const last = report.revisions.get(undone)?.last ?? Number.NaN;
  if (report.failures.length > 0)
    throw new Error(`${report.failures.length} requests failed during the undo`);
  if (report.revisions.size !== 2) throw new Error('the other revision never answered');
  return { value: (last - asked) / 1000, detail: { sent: report.sent, ...report.latencyMs } };
}
