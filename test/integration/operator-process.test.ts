import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  LEASE,
  MODEL_DEPLOYMENT,
  createKube,
  kubeconfigAccess,
  Transport,
  type Kube,
} from '#operator/kube/index.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { freePorts } from '#test/cluster/ports.ts';
import { FaultProxy } from '#test/support/fault-proxy.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const signal = new AbortController().signal;

let plane: ControlPlane;
let transport: Transport;
let kube: Kube;
let folder: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-operator-'));
  plane = await startControlPlane();
  await plane.installCrds();
  transport = new Transport(await kubeconfigAccess(plane.kubeconfig), { userAgent: 'windlass-test' });
  kube = createKube(transport);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (child) => end(child, 'SIGKILL')));
});
afterAll(async () => {
  transport?.close();
  await plane?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Operator {
  readonly child: ChildProcess;
  readonly log: () => string;
  readonly status: (path: string) => Promise<number>;
  readonly metrics: () => Promise<string>;
}

async function start(flags: readonly string[], kubeconfig = plane.kubeconfig): Promise<Operator> {
  const [port = 0] = await freePorts(1);
  const args = [
    join(ROOT, 'operator', 'main.ts'),
    '--runtime-image=windlass/runtime:test',
    '--metrics-host=127.0.0.1',
    `--metrics-port=${String(port)}`,
    `--kubeconfig=${kubeconfig}`,
    ...flags,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ask = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${String(port)}${path}`);
  return {
    child,
    log: () => log,
    status: async (path) =>
      ask(path).then(
        (response) => response.status,
        () => 0,
      ),
    metrics: async () => (await ask('/metrics')).text(),
  };
}

async function end(child: ChildProcess, how: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill(how);
  });
}

async function until(what: string, condition: () => Promise<boolean>, withinMs = 30_000): Promise<number> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > withinMs) throw new Error(`not within ${String(withinMs)} ms: ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  return performance.now() - started;
}

/** A ModelDeployment whose Secret does not exist: enough for a status, and nothing is read from any store. */
async function apply(namespace: string, name: string): Promise<void> {
  const spec = { model: { uri: 's3://models/a/', credentials: { secretName: 'missing' } } };
  const object = {
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelDeployment',
    metadata: { namespace, name },
    spec,
  };
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify(object));
}

async function hasStatus(namespace: string, name: string): Promise<boolean> {
  const { status } = await kube.get(MODEL_DEPLOYMENT, { namespace, name }, { signal });
  return (status?.conditions ?? []).some(({ type }) => type === 'Ready');
}

async function holder(lease: string): Promise<string | undefined> {
  const found = await kube
    .get(LEASE, { namespace: 'default', name: lease }, { signal })
    .catch(() => undefined);
  return found?.spec?.holderIdentity;
}

const electing = (lease: string, identity: string): readonly string[] => [
  '--leader-elect',
  `--lease-name=${lease}`,
  '--lease-namespace=default',
  `--identity=${identity}`,
];

describe('the operator as a process', () => {
  it('is alive before it is ready, ready once its caches are complete, and ends cleanly on SIGTERM', async () => {
    const file = join(folder, 'kubeconfig-silent');
    const proxy = await FaultProxy.start(plane);
    await proxy.writeKubeconfig(file);
    await proxy.setFaults({ errorRate: 1, errorsMatching: /modelrevisions/ });
    const operator = await start([], file);
    await until('alive', async () => (await operator.status('/healthz')) === 200);
    await new Promise((resolve) => void setTimeout(resolve, 1000));
    expect(await operator.status('/readyz')).toBe(503);
    await proxy.setFaults({});
    await until('ready', async () => (await operator.status('/readyz')) === 200);
    expect(await end(operator.child, 'SIGTERM')).toBe(0);
    expect(operator.log()).toContain('"message":"stopped"');
    await proxy.stop();
  });

  it('writes a status that names what is missing, and counts its work', async () => {
    await apply('default', 'one');
    const operator = await start([]);
    await until('a status', async () => hasStatus('default', 'one'));
    expect(await operator.metrics()).toMatch(/controller_runtime_reconcile_total\{[^}]*\} [1-9]/);
    expect(await end(operator.child, 'SIGTERM')).toBe(0);
  });

  it('touches nothing outside of the namespaces that it is told to work in', async () => {
    for (const namespace of ['mine', 'theirs']) await plane.kubectl(['create', 'namespace', namespace]);
    await apply('mine', 'inside');
    await apply('theirs', 'outside');
    await start(['--namespace=mine']);
    await until('a status inside', async () => hasStatus('mine', 'inside'));
    await new Promise((resolve) => void setTimeout(resolve, 1000));
    expect(await hasStatus('theirs', 'outside')).toBe(false);
  });

  it('lets one replica act, and the other take over when the first is killed or leaves', async () => {
    const lease = 'two-replicas';
    const first = await start(electing(lease, 'first'));
    await until('the first leads', async () => (await holder(lease)) === 'first');
    const second = await start(electing(lease, 'second'));
    await until('the second is ready', async () => (await second.status('/readyz')) === 200);
    expect(await second.metrics()).toContain('leader_election_master_status{name="windlass-operator"} 0');
    await end(first.child, 'SIGKILL');
    const afterKill = await until('the second leads', async () => (await holder(lease)) === 'second');
    expect(afterKill).toBeGreaterThan(5000);
    await apply('default', 'after-kill');
    await until('a status from the second', async () => hasStatus('default', 'after-kill'));
    const third = await start(electing(lease, 'third'));
    await until('the third is ready', async () => (await third.status('/readyz')) === 200);
    expect(await end(second.child, 'SIGTERM')).toBe(0);
    const afterLeaving = await until('the third leads', async () => (await holder(lease)) === 'third');
    expect(afterLeaving).toBeLessThan(4000);
  });

  it('says what is wrong with its flags, and ends with code 2', async () => {
    const operator = await start(['--colour=red']);
    const code = await new Promise((resolve) => void operator.child.once('exit', resolve));
    expect([code, operator.log()]).toEqual([2, expect.stringContaining('--colour')]);
  });
});
