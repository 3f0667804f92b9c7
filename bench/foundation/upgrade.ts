import { build as bundle, type Plugin } from 'esbuild';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ModelDeployment, ModelRevision } from '#operator/api/objects.ts';
import type { Bed } from '#test/bed/bed.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import type { Figure, Measurement } from '../figure.ts';
import type { Ground } from './ground.ts';
import { HostOperator } from './host-operator.ts';
import { withoutInstalledOperator } from './installed-operator.ts';
import { putVersion } from './traffic.ts';

const COUNT = 20;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A newer operator, with another default image and another builder of pod templates, starts over what runs. */
export function upgrade(ground: Ground): readonly Figure[] {
  return [
    {
      name: `pods restarted, revisions made and undos ended by an upgrade over ${COUNT} ModelDeployments`,
      goal: { atMost: 0, unit: '' },
      measure: () => ground.within('upgrade', measureUpgrade),
    },
  ];
}

interface Census {
  readonly pods: string;
  readonly revisions: string;
  readonly served: string;
}

async function measureUpgrade(namespace: Namespace, bed: Bed): Promise<Measurement> {
  const uris = [await putVersion(namespace, 1), await putVersion(namespace, 2)];
  const deployments = Array.from({ length: COUNT }, (_, index) => namespace.deployment(`old-${index}`));
  const serving = { resources: { requests: { cpu: '1m', memory: '64Mi' } } };
  for (const deployment of deployments) await deployment.apply({ model: { uri: uris[0] ?? '' }, serving });
  for (const deployment of deployments) await deployment.ready(300_000);
  const undone = namespace.deployment('old-0');
  await undone.apply({ model: { uri: uris[1] ?? '' }, serving });
  await undone.until('at version 2', ({ status }) => status?.modelVersion === '2');
  await undone.undo();
  await undone.notReady('RolledBack');
  await sleep(3000);

  const folder = await mkdtemp(join(tmpdir(), 'windlass-upgrade-'));
  try {
    const program = await newerOperator(folder);
    return await withoutInstalledOperator(bed, async () => {
      const before = await census(namespace);
      const operator = new HostOperator({
        kubeconfig: bed.connection.kubeconfig,
        runtimeImage: 'localhost/windlass/runtime:newer',
        log: join(folder, 'operator.log'),
        program,
      });
      await operator.start();
      try {
        await operator.ready();
        await sleep(30_000);
        const after = await census(namespace);
        const changed = (Object.keys(before) as (keyof Census)[]).filter((key) => before[key] !== after[key]);
        return {
          value: changed.length,
          detail: { changed, before, after: changed.length === 0 ? 'the same' : after },
        };
      } finally {
        await operator.stop();
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const NEWER_TEMPLATE = `
function newer(build) {
  return (input) => {
    const template = build(input);
    const annotations = { ...template.metadata.annotations, 'example.com/newer': 'yes' };
    return { ...template, metadata: { ...template.metadata, annotations } };
  };
}
`;

/** The operator of now, but each pod template that it builds has one more annotation. */
async function newerOperator(folder: string): Promise<string> {
  let changed = 0;
  const newerTemplates: Plugin = {
    name: 'newer-templates',
    setup(build) {
      build.onLoad({ filter: /model-deployment\/resources\/deployment\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const contents = source.replace('podTemplate({', 'newer(podTemplate)({');
        if (contents !== source) changed += 1;
        return { contents: contents + NEWER_TEMPLATE, loader: 'ts' };
      });
    },
  };
  const outfile = join(folder, 'operator.mjs');
  await bundle({
    entryPoints: [join(ROOT, 'operator', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    plugins: [newerTemplates],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  if (changed === 0) throw new Error('the template builder was not found, so no newer one could be made');
  return outfile;
}

async function census(namespace: Namespace): Promise<Census> {
  const pods = await namespace.kubectl(
    'get',
    'pods',
    '-o',
    'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[*].restartCount}{"\\n"}{end}',
  );
  const revisions = await namespace.list<ModelRevision>('modelrevisions');
  const served = await namespace.list<ModelDeployment>('modeldeployments');
  const sorted = (lines: readonly string[]): string => lines.toSorted().join('\n');
  return {
    pods: sorted(pods.split('\n')),
    revisions: sorted(
      revisions.map(({ metadata, status }) => `${metadata.name} ${status?.revision} ${status?.state}`),
    ),
    served: sorted(
      served.map(({ metadata, status }) => {
        const ready = status?.conditions?.find(({ type }) => type === 'Ready');
        return `${metadata.name} ${status?.stableRevision} ${ready?.status} ${ready?.reason}`;
      }),
    ),
  };
}
