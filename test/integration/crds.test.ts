import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { convert } from '#cli/convert/convert.ts';
import { readObjects } from '#cli/convert/documents.ts';
import { render } from '#cli/convert/render.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { CommandError } from '#test/cluster/command.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { deployment, fullSpec, largestRevision, modelRevision, rollback } from './api/objects.ts';
import { refusedDeployments, refusedRollbacks } from './api/refusals.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const EXAMPLES = join(ROOT, 'deploy', 'kubernetes', 'examples');
/** The five models, in a namespace of their own. */
const PORTFOLIO = join(ROOT, 'deploy', 'examples');
const SYSTEMS = ['bankchurn', 'carvision', 'telecom', 'creditrisk', 'plant'];
const CRDS = join(ROOT, 'crds');

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
  await plane.installCrds();
});
afterAll(async () => plane?.stop());

const kubectl = (...args: readonly string[]): Promise<string> => plane.kubectl(args);
const apply = (object: unknown, ...args: readonly string[]): Promise<string> =>
  plane.kubectl(['apply', ...args, '-f', '-'], JSON.stringify(object));

/** What the API server says against the object; fails when it takes it. */
async function refusal(object: unknown, ...args: readonly string[]): Promise<string> {
  const taken = await apply(object, ...args).catch((error: unknown) => error);
  if (!(taken instanceof CommandError)) throw new Error(`not refused: ${String(taken)}`);
  return taken.result.stderr;
}

async function get<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T;
}

const example = async (file: string): Promise<readonly { kind: string; spec: object }[]> =>
  parseAllDocuments(await readFile(file, 'utf8')).map(
    (document) => document.toJS() as { kind: string; spec: object },
  );

const writtenChecks = (spec: object = {}): unknown =>
  (spec as { rollout?: { checks?: unknown } }).rollout?.checks;

describe('the CRDs on a real API server', () => {
  it('are structural, named and established', async () => {
    const { items } = await get<{ items: { status: { conditions: { type: string; status: string }[] } }[] }>(
      'crd',
    );
    expect(items).toHaveLength(3);
    for (const { status } of items) {
      expect(Object.fromEntries(status.conditions.map(({ type, status: value }) => [type, value]))).toEqual({
        NamesAccepted: 'True',
        Established: 'True',
      });
    }
  });

  it('are taken by client-side and by server-side apply, again without a change', async () => {
    expect(await kubectl('apply', '-k', CRDS)).not.toMatch(/created|configured/);
    expect(await kubectl('apply', '--server-side', '--force-conflicts', '-k', CRDS)).toContain(
      'serverside-applied',
    );
  });

  it('are explained field by field', async () => {
    expect(await kubectl('explain', 'modeldeployment.spec.history.warmFor')).toContain(
      'How long an earlier revision stays warm.',
    );
    expect(await kubectl('explain', 'mrev.spec.artifact.files')).toContain('the bytes that it must have');
  });

  it('are listed together, under short names too, with columns that tell the state', async () => {
    await apply(deployment({}, 'columns'));
    const status = {
      revision: 3,
      modelVersion: '1.4.0',
      readyReplicas: 2,
      url: 'http://columns.default.svc',
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'RolledBack',
          message: 'back on 3',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    };
    const patch = [
      'patch',
      'md',
      'columns',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    ];
    await kubectl(...patch);
    const [header = '', row = ''] = (await kubectl('get', 'md', 'columns', '-o', 'wide')).split('\n');
    expect(header.split(/\s+/)).toEqual([
      'NAME',
      'REVISION',
      'VERSION',
      'WEIGHT',
      'REPLICAS',
      'READY',
      'REASON',
      'PHASE',
      'CANDIDATE',
      'HOLD-UNTIL',
      'DRIFTED',
      'URL',
      'MESSAGE',
      'AGE',
    ]);
    expect(row).toMatch(
      /^columns +3 +1\.4\.0 +2 +False +RolledBack +http:\/\/columns\.default\.svc +back on 3 /,
    );
    expect(await kubectl('get', 'windlass')).toContain('modeldeployment.windlass.dev/columns');
  });
});

describe('the examples', () => {
  it.each([
    join(EXAMPLES, 'minimal.yaml'),
    join(PORTFOLIO, '00-namespace.yaml'),
    ...SYSTEMS.map((name) => join(PORTFOLIO, `${name}.yaml`)),
  ])('%s is taken by client-side and by server-side apply', async (file) => {
    expect(await kubectl('apply', '-f', file)).toContain('created');
    expect(await kubectl('apply', '-f', file)).toContain('unchanged');
    expect(await kubectl('apply', '--server-side', '--force-conflicts', '-f', file)).toContain(
      'serverside-applied',
    );
  });

  it('undo.yaml is created under a new name each time', async () => {
    const names = [0, 1].map(() => kubectl('create', '-o', 'name', '-f', join(EXAMPLES, 'undo.yaml')));
    expect(new Set(await Promise.all(names)).size).toBe(2);
  });

  it.each([
    [join(EXAMPLES, 'minimal.yaml'), 'default', 'hello'],
    ...SYSTEMS.map((name) => [join(PORTFOLIO, `${name}.yaml`), 'models', name] as const),
  ] as const)(
    '%s gets from the API server the defaults that the schema in code gives',
    async (file, namespace, name) => {
      const written = (await example(file)).find(({ kind }) => kind === 'ModelDeployment');
      const { spec } = await get<{ spec: unknown }>('md', name, '-n', namespace);
      const { checks, ...rollout } = modelDeploymentSpecSchema.parse(written?.spec).rollout;
      expect(spec).toEqual({
        ...modelDeploymentSpecSchema.parse(written?.spec),
        // Inside a list nothing is filled in.
        rollout: checks === undefined ? rollout : { ...rollout, checks: writtenChecks(written?.spec) },
      });
    },
  );

  it('have an Application of Argo CD for each model', async () => {
    const apps = await Promise.all(
      SYSTEMS.map((name) => example(join(PORTFOLIO, 'argocd', 'apps', `${name}.yaml`))),
    );
    const included = apps.flatMap((objects) =>
      objects.map(
        ({ spec }) => (spec as { source: { directory: { include: string } } }).source.directory.include,
      ),
    );
    expect(included).toEqual(SYSTEMS.map((name) => `${name}.yaml`));
  });
});

describe('a ModelDeployment that cannot be', () => {
  it.each(refusedDeployments)('is refused for %s', async (_, spec, message) => {
    expect(await refusal(deployment(spec), '--dry-run=server')).toContain(message);
  });

  it.each(['a.b', '1st', 'Churn', 'churn-', `c${'h'.repeat(62)}`])(
    'is refused for the name %s',
    async (name) => {
      expect(await refusal(deployment({}, name), '--dry-run=server')).toMatch(
        /metadata\.name must begin with a lower-case letter|metadata\.name must be at most 52|lowercase RFC 1123/,
      );
    },
  );

  it('takes the longest name that leaves room for the hash', async () => {
    expect(await apply(deployment({}, 'c'.repeat(52)), '--dry-run=server')).toContain('created');
    expect(await refusal(deployment({}, 'c'.repeat(53)), '--dry-run=server')).toContain(
      'at most 52 characters',
    );
  });

  it('has its unknown fields dropped where a client switches strict validation off', async () => {
    await apply(deployment({ modell: {}, replicas: 2 }, 'lenient'), '--validate=false');
    const { spec } = await get<{ spec: object }>('md', 'lenient');
    expect(spec).toMatchObject({ replicas: 2 });
    expect(spec).not.toHaveProperty('modell');
  });

  it('may be everything at once that the schema allows', async () => {
    expect(await apply(deployment(fullSpec()), '--server-side', '--dry-run=server')).toContain(
      'serverside-applied',
    );
  });
});

describe('what kubectl windlass convert writes', () => {
  it('is taken by the API server, its rules included', async () => {
    const page = await readFile(join(ROOT, 'docs', 'migrating', 'from-kserve.md'), 'utf8');
    const manifest = /```yaml file=\S+\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const objects = readObjects(manifest, 'from-kserve.md');
    const service = objects.find(({ kind }) => kind === 'InferenceService');
    if (service === undefined) return expect.unreachable('the page shows an InferenceService');
    const converted = convert(service, objects, {});
    if (converted.kind === 'refused') return expect.unreachable(converted.message);
    await kubectl('create', 'namespace', converted.namespace ?? '');
    const text = render(converted, ['a note']);
    expect(await plane.kubectl(['apply', '--dry-run=server', '-f', '-'], text)).toContain(
      `/${converted.name} `,
    );
  });
});

describe('the scale subresource', () => {
  it('sets spec.replicas and shows the stable revision’s pods and selector', async () => {
    await apply(deployment({}, 'scaled'));
    const status = { replicas: 1, selector: 'windlass.dev/revision=scaled-0123456789' };
    await kubectl(
      'patch',
      'md',
      'scaled',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    );
    await kubectl('scale', 'md', 'scaled', '--replicas=4');
    const scale = await get<object>('md', 'scaled', '--subresource=scale');
    expect(scale).toMatchObject({ spec: { replicas: 4 }, status });
  });
});

describe('a ModelRevision', () => {
  it('never changes, whatever part of it', async () => {
    await apply(modelRevision());
    const changes = [
      { image: 'other' },
      { artifact: { sha256: 'b'.repeat(64) } },
      { serving: { maxBatchSize: 1 } },
      { serving: { resources: { limits: { memory: '2Gi' } } } },
      { model: { metrics: { auc: 0.9 } } },
      { model: { inputs: [] } },
    ];
    for (const spec of changes) {
      const patch = kubectl(
        'patch',
        'mrev',
        'churn-0123456789',
        '--type=merge',
        '-p',
        JSON.stringify({ spec }),
      );
      await expect(patch).rejects.toThrow('a ModelRevision is immutable');
    }
  });

  it.each([
    ['default', '/spec/model/inputs/0/default', 'Spain'],
    ['values', '/spec/model/inputs/0/values/0', 1.5],
    ['shape', '/spec/model/inputs/0/shape/0', 1],
  ])('never changes an input’s %s', async (_, path, value) => {
    await apply(modelRevision());
    const change = JSON.stringify([{ op: 'replace', path, value }]);
    await expect(kubectl('patch', 'mrev', 'churn-0123456789', '--type=json', '-p', change)).rejects.toThrow(
      'a ModelRevision is immutable',
    );
  });

  it('keeps what was written, to the last field', async () => {
    const written = modelRevision();
    await apply(written);
    expect((await get<{ spec: unknown }>('mrev', 'churn-0123456789')).spec).toEqual(written.spec);
  });

  it('of the greatest size is taken, and takes annotations and a status', async () => {
    const largest = largestRevision();
    await apply(largest, '--server-side');
    await kubectl('annotate', 'mrev', largest.metadata.name, 'windlass.dev/revision-number=7');
    const status = { revision: 7, state: 'Stable', since: '2026-01-01T00:00:00Z' };
    await kubectl(
      'patch',
      'mrev',
      largest.metadata.name,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    );
    const change = JSON.stringify({ spec: { image: 'other' } });
    await expect(
      kubectl('patch', 'mrev', largest.metadata.name, '--type=merge', '-p', change),
    ).rejects.toThrow('a ModelRevision is immutable');
    expect((await get<{ status: object }>('mrev', largest.metadata.name)).status).toEqual(status);
  });
});

describe('a ModelRollback', () => {
  it('never changes', async () => {
    await apply(rollback({ toRevision: 3 }));
    expect(await refusal(rollback({ toRevision: 4 }))).toContain('a ModelRollback is immutable');
    expect(await refusal(rollback({ toRevision: 3, reason: 'late' }))).toContain(
      'a ModelRollback is immutable',
    );
    expect(await apply(rollback({ toRevision: 3 }))).toContain('unchanged');
  });

  it.each([[3], ['churn-0123456789']])('names a revision by number or name: %s', async (toRevision) => {
    expect(await apply(rollback({ toRevision }, 'named'), '--dry-run=server')).toContain('created');
  });

  it.each(refusedRollbacks)('is refused for %s', async (_, spec, message) => {
    expect(await refusal(rollback(spec, 'bad'), '--dry-run=server')).toContain(message);
  });
});
