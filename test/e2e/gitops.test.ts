import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ANNOTATION, API_VERSION, LABEL } from '#contract/names.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import type { Pod } from '#operator/kube/index.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import { startArgoCd, TestApplication, type ArgoCd, type ResourceStatus } from '#test/gitops/argocd/index.ts';
import { GitRepository } from '#test/gitops/git-repository.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { describeOnCluster } from './support.ts';

/** Long enough for Argo CD to look again, and to write what it finds out of step. */
const SETTLED = 4000;

describeOnCluster('gitops', (space, bed) => {
  let argo: ArgoCd;
  let repository: GitRepository;
  let app: TestApplication;
  let churn: TestDeployment;
  const uris: Record<string, string> = {};
  const took: string[] = [];

  beforeAll(async () => {
    argo = await startArgoCd(bed().connection);
    repository = await GitRepository.create();
    app = new TestApplication('churn', argo, bed().kubectl);
    churn = space().deployment('churn');
    for (const version of ['1', '2', '3'])
      uris[version] = await space().store.putBundle(
        `${space().name}/${version}/`,
        linearBundle({ version, weight: Number(version) }),
      );
    uris['bad'] = await space().store.putBundle(
      `${space().name}/bad/`,
      linearBundle({ version: 'bad', wrongGolden: true }),
    );
  });

  afterAll(async () => {
    console.log(`gitops: ${took.join('; ')}`);
    await argo?.stop();
    await repository?.delete();
  });

  const manifest = (spec: SpecInput): object => ({
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: 'churn' },
    spec: {
      ...spec,
      model: { credentials: { secretName: 'models' }, ...spec.model },
      serving: { resources: { requests: { cpu: '10m', memory: '64Mi' } } },
    },
  });

  /** Commits the spec and tells Argo CD, as a Git server does. */
  async function push(message: string, spec: SpecInput): Promise<string> {
    const commit = await repository.commit(message, { 'churn/model-deployment.yaml': manifest(spec) });
    await app.refresh();
    return commit;
  }

  const model = (version: string): SpecInput => ({ model: { uri: uris[version] ?? '' }, replicas: 1 });
  const prediction = async (): Promise<unknown> => (await churn.answer({ x: 3, y: 1 })).body;
  const answerOf = (version: number) => ({ prediction: version * 3 + 1, model_version: String(version) });

  async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    took.push(`${what} ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return result;
  }

  /** Lets Argo CD compare and act, and shows that it found nothing to do: no sync since, and nobody's work undone. */
  async function expectLeftAlone(commit: string, health: string): Promise<void> {
    await app.synced(commit, health);
    const before = await app.until(
      'done with its syncs',
      ({ operationState }) => operationState?.phase !== 'Running',
    );
    await app.refresh();
    await sleep(SETTLED);
    const after = await app.synced(commit, health);
    expect(after.operationState).toEqual(before.operationState);
  }

  const message = async (): Promise<string> => (await churn.condition('Ready'))?.message ?? '';
  const target = () => ({ kind: 'ModelDeployment', name: 'churn', namespace: space().name });
  const inTree = async (kind: string): Promise<readonly ResourceStatus[]> =>
    (await app.tree()).filter((node) => node.kind === kind);

  test.each(['application', 'applicationset'])('the example %s.yaml is accepted', async (name) => {
    const file = fileURLToPath(new URL(`../../deploy/argocd/${name}.yaml`, import.meta.url));
    const answer = await bed().kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', file]);
    expect(answer).toMatch(/created \(server dry run\)/);
  });

  test('a commit is synced, and the Application is Healthy only once the model serves', async () => {
    const commit = await repository.commit('Serve the first model', {
      'churn/model-deployment.yaml': manifest(model('1')),
      'churn/contact.yaml': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'contact' }, data: {} },
    });
    await timed('first sync to Healthy', async () => {
      await app.apply({ repository: repository.url, path: 'churn', namespace: space().name });
      await app.until('Progressing', ({ health }) => health.status === 'Progressing');
      expect((await churn.condition('Ready'))?.status).not.toBe('True');
      await app.synced(commit, 'Healthy');
    });
    expect((await churn.condition('Ready'))?.status).toBe('True');
    expect(await prediction()).toEqual(answerOf(1));
  });

  test('a change by hand is healed, and the model of the commit serves', async () => {
    await timed('healing', async () => {
      await space().kubectl(
        'patch',
        'modeldeployment',
        'churn',
        '--type=merge',
        `--patch={"spec":{"model":{"uri":"${uris['2'] ?? ''}"}}}`,
      );
      await churn.until('as committed', ({ spec }) => spec.model.uri === uris['1'], 30_000);
    });
    await churn.ready();
    expect(await prediction()).toEqual(answerOf(1));
  });

  test('an undo by hand stays under auto-sync until a commit changes what runs', async () => {
    const second = await push('Serve the second model', model('2'));
    await timed('push to Healthy', () => app.synced(second, 'Healthy'));
    expect(await prediction()).toEqual(answerOf(2));

    await timed('undo, from the action to the answer of the earlier model', async () => {
      await app.act('undo', target());
      await churn.until('undone', ({ status }) => status?.modelVersion === '1');
      expect(await prediction()).toEqual(answerOf(1));
    });
    await expectLeftAlone(second, 'Degraded');
    const [undo, ...others] = await inTree('ModelRollback');
    expect(others).toEqual([]);
    expect(undo).toMatchObject({
      name: expect.stringMatching(/^churn-undo-/) as string,
      health: { status: 'Healthy' },
    });
    expect(await message()).toContain(undo?.name);

    const scaled = await push('Serve with two pods', { ...model('2'), replicas: 2 });
    await expectLeftAlone(scaled, 'Degraded');
    expect(await prediction()).toEqual(answerOf(1));

    const third = await push('Serve the third model', model('3'));
    await app.synced(third, 'Healthy');
    expect(await prediction()).toEqual(answerOf(3));
    const { status } = await space().get<ModelRollback>('modelrollback', undo?.name ?? '');
    expect(status?.state).toBe('Superseded');
  });

  test('a bad model turns the Application Degraded, is not fought, and the fix turns it Healthy', async () => {
    const bad = await push('Serve a model that differs from its golden answers', model('bad'));
    await timed('push of a bad model to Degraded', () => app.synced(bad, 'Degraded'));
    await expectLeftAlone(bad, 'Degraded');
    expect((await app.status()).operationState?.phase).toBe('Succeeded');
    expect(await message()).toMatch(/was rejected/);
    expect(await prediction()).toEqual(answerOf(3));
    // The record of what was rejected is no alarm of its own.
    for (const { health } of await inTree('ModelRevision')) expect(health?.status).toBe('Healthy');

    const fix = await push('Serve the second model again', model('2'));
    await timed('push of the fix to Healthy', () => app.synced(fix, 'Healthy'));
    expect(await prediction()).toEqual(answerOf(2));
  });

  test('a rollout that waits for a person is Suspended, and goes on when its action is run', async () => {
    const commit = await push('Serve the third model by hand', {
      ...model('3'),
      // As people write it: what is left out is no difference between Git and the cluster.
      rollout: { steps: [{ weight: 50 }], checks: [{ errorRate: { max: 0.5 } }] },
    });
    await app.synced(commit, 'Suspended');
    await expectLeftAlone(commit, 'Suspended');
    await timed('promotion by hand to Healthy', async () => {
      await app.act('promote', target());
      await app.synced(commit, 'Healthy');
    });
    await expectLeftAlone(commit, 'Healthy');
    expect(await prediction()).toEqual(answerOf(3));
  });

  test('a candidate that fails a check is undone by Windlass, and neither Argo CD nor Windlass tries it again', async () => {
    const commit = await push('Serve a model that answers differently', {
      ...model('1'),
      rollout: {
        shadow: { percent: 100, hold: '5m' },
        checks: [{ agreement: { min: 0.9, minSamples: 20, window: '1m' } }],
      },
    });
    await timed('push of a model that fails a check to Degraded', async () => {
      const degraded = app.synced(commit, 'Degraded', 90_000).then(() => 'degraded' as const);
      degraded.catch(() => undefined); // a wrong answer ends the test before
      do expect((await churn.predict({ x: 3, y: 1 })).body).toEqual(answerOf(3));
      while ((await Promise.race([degraded, sleep(50, 'not yet' as const)])) === 'not yet');
    });
    const undos = (await inTree('ModelRollback')).filter(({ name }) => name.startsWith('churn-auto-'));
    expect(undos).toHaveLength(1);
    expect(await message()).toContain(undos[0]?.name);
    await expectLeftAlone(commit, 'Degraded');
    expect((await space().list('modelrollbacks')).length).toBeGreaterThan(0);
    expect(await inTree('ModelRollback')).toEqual(
      expect.arrayContaining(undos.map(({ name }) => expect.objectContaining({ name }) as unknown)),
    );

    const fix = await push('Serve the second model once more', model('2'));
    await app.synced(fix, 'Healthy');
    expect(await prediction()).toEqual(answerOf(2));
  });

  test('a restart by its action replaces the pods, and what it wrote is no drift', async () => {
    const pods = async (): Promise<readonly string[]> =>
      (await space().list<Pod>('pods', `${LABEL.revision}=${(await churn.get()).status?.stableRevision}`))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name);
    const before = await pods();
    const { sync } = await app.status();
    await timed('restart', async () => {
      await app.act('restart', target());
      await eventually('other pods', async () => {
        const now = await pods();
        return now.length === before.length && !now.some((name) => before.includes(name));
      });
    });
    await churn.ready();
    await expectLeftAlone(sync.revision ?? '', 'Healthy');
    expect(await prediction()).toEqual(answerOf(2));
    const { metadata } = await churn.get();
    expect(metadata.annotations?.[ANNOTATION.restart]).toBeDefined();
  });

  test('the number of pods is left to an autoscaler where the commit does not name it', async () => {
    const commit = await push('Leave the number of pods open', { model: { uri: uris['2'] ?? '' } });
    await app.synced(commit, 'Healthy');
    await space().kubectl('scale', 'modeldeployment', 'churn', '--replicas=2');
    await churn.until('of two pods', ({ status }) => status?.readyReplicas === 2);
    await expectLeftAlone(commit, 'Healthy');
    expect((await churn.get()).spec.replicas).toBe(2);
  });

  test('what a commit takes out of the repository is deleted, with all that was made for it', async () => {
    const commit = await repository.commit('Serve nothing', { 'churn/model-deployment.yaml': undefined });
    await timed('prune', async () => {
      await app.refresh();
      await app.until('Synced', ({ sync }) => sync.status === 'Synced' && sync.revision === commit);
      await eventually('nothing left', async () => (await leftOvers()).length === 0);
    });
  });

  async function leftOvers(): Promise<readonly string[]> {
    const ours = await space().kubectl(
      'get',
      'deployments,services,configmaps,poddisruptionbudgets,pods,modelrevisions',
      `--selector=${LABEL.modelDeployment}=churn`,
      '--output=name',
    );
    const theirs = await space().kubectl('get', 'modeldeployments,modelrollbacks', '--output=name');
    return `${ours}\n${theirs}`.split('\n').filter((name) => name !== '');
  }
});

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within 60 s: ${what}`);
    await sleep(200);
  }
}
