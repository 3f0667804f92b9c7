import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from '../build.ts';
import type { Cluster, Health } from '../cluster.ts';
import { attempt, run } from '../command.ts';
import { auditPolicy } from '../control-plane/flags.ts';
import { stateFolder } from '../paths.ts';
import { timed, type Progress } from '../progress.ts';
import { reachesServices } from '../reach.ts';
import { kindConfig, NAME, SHARED, SUBNETS } from './config.ts';
import { hostAddress, kindEnvironment, nodeAddress, routes, type Engine } from './engine.ts';

const NODE = `${NAME}-control-plane`;
const CREATE_TIMEOUT = 10 * 60_000;
const MANIFESTS = '/etc/kubernetes/manifests';

interface Kind {
  readonly engine: Engine;
  readonly kind: string;
  readonly kubectl: string;
}

const kubeconfig = (): string => stateFolder('kubeconfig');
const shared = (...parts: readonly string[]): string => stateFolder('kind', ...parts);

async function tools(engine: Engine, progress?: Progress): Promise<Kind> {
  const binaries = await build(['kind', 'kubectl'], progress === undefined ? {} : { progress });
  return { engine, ...binaries };
}

export async function upKind(engine: Engine, progress: Progress): Promise<Cluster> {
  const kind = await tools(engine, progress);
  await downKind(engine);
  await mkdir(shared('logs'), { recursive: true });
  await chmod(shared('logs'), 0o777);
  await writeFile(shared('audit-policy.json'), JSON.stringify(auditPolicy));
  await timed('creating the kind cluster (the first time pulls its image)', progress, () =>
    run(
      kind.kind,
      ['create', 'cluster', `--name=${NAME}`, `--kubeconfig=${kubeconfig()}`, '--config=-', '--wait=180s'],
      { env: kindEnvironment(engine), input: JSON.stringify(kindConfig(shared())), timeout: CREATE_TIMEOUT },
    ),
  );
  await addRoutes(engine);
  return clusterOf(kind);
}

async function addRoutes(engine: Engine): Promise<void> {
  const address = await nodeAddress(engine, NODE);
  const image = await nodeImage(engine);
  if (address === undefined || image === undefined) return;
  await writeFile(stateFolder('kind-routes.json'), JSON.stringify({ address, image }));
  await routes(engine, 'replace', image, address, Object.values(SUBNETS));
}

async function nodeImage(engine: Engine): Promise<string | undefined> {
  const answer = await attempt(engine, ['inspect', '--format={{.Image}}', NODE]);
  return answer.code === 0 ? answer.stdout.trim() : undefined;
}

async function loadImages(kind: Kind, archives: readonly string[]): Promise<void> {
  for (const archive of archives) {
    await run(kind.kind, ['load', 'image-archive', archive, `--name=${NAME}`], {
      env: kindEnvironment(kind.engine),
      timeout: CREATE_TIMEOUT,
    });
  }
}

function kubectl(kind: Kind, args: readonly string[], input?: string): Promise<string> {
  return run(kind.kubectl, [`--kubeconfig=${kubeconfig()}`, ...args], {
    timeout: 600_000,
    ...(input === undefined ? {} : { input }),
  });
}

async function clusterOf(kind: Kind): Promise<Cluster> {
  const onNode = (command: readonly string[]): Promise<string> =>
    run(kind.engine, ['exec', NODE, ...command]);
  const server = `${MANIFESTS}/kube-apiserver.yaml`;
  return {
    provider: 'kind',
    kubeconfig: kubeconfig(),
    kubectl: (args, input) => kubectl(kind, args, input),
    loadImages: (archives) => loadImages(kind, archives),
    host: await hostAddress(kind.engine),
    reachable: await reachesServices(kind.kubectl, kubeconfig()),
    logs: shared('logs'),
    auditLog: shared('logs', 'audit.log'),
    disasters: undefined,
    apiServer: {
      // kubelet ends a static pod when its manifest goes, and starts it when it comes back.
      stop: async () => {
        await onNode(['mv', server, `${SHARED}/`]);
        await untilApiServer(kind, false);
      },
      start: async () => {
        await onNode(['mv', `${SHARED}/kube-apiserver.yaml`, server]);
        await untilApiServer(kind, true);
      },
    },
  };
}

async function untilApiServer(kind: Kind, up: boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await kubectl(kind, ['get', '--raw=/readyz', '--request-timeout=2s']).then(
      () => true,
      () => false,
    );
    if (answer === up) return;
    await sleep(400);
  }
  throw new Error(`the API server of ${NODE} did not ${up ? 'start' : 'stop'} within 2 min`);
}

export async function healthOfKind(engine: Engine): Promise<Health> {
  if ((await attempt(engine, ['inspect', NODE])).code !== 0) return { state: 'absent' };
  const kind = await tools(engine);
  const wait = ['wait', 'node', '--all', '--for=condition=Ready', '--timeout=5s', '--request-timeout=5s'];
  const ready = await attempt(kind.kubectl, [`--kubeconfig=${kubeconfig()}`, ...wait]);
  if (ready.code !== 0) return { state: 'broken', reason: ready.stderr.trim() };
  return { state: 'running', cluster: await clusterOf(kind) };
}

export async function downKind(engine: Engine): Promise<void> {
  const saved = await readFile(stateFolder('kind-routes.json'), 'utf8').catch(() => undefined);
  if (saved !== undefined) {
    const { address, image } = JSON.parse(saved) as { readonly address: string; readonly image: string };
    await routes(engine, 'delete', image, address, Object.values(SUBNETS));
  }
  if ((await attempt(engine, ['inspect', NODE])).code === 0) {
    const { kind } = await tools(engine);
    await run(kind, ['delete', 'cluster', `--name=${NAME}`], {
      env: kindEnvironment(engine),
      timeout: CREATE_TIMEOUT,
    });
  }
  await rm(shared(), { recursive: true, force: true });
  await rm(stateFolder('kind-routes.json'), { force: true });
}
