import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import { type Mlflow, Registry, startMlflow } from '#test/mlflow/index.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { describeOnCluster } from './support.ts';

const STARTS_WITHIN_MS = 400_000;

/** A model that follows an alias of a real MLflow server, which has accounts and proxies its artifacts. */
describeOnCluster('mlflow', (space) => {
  let namespace: Namespace;
  let mlflow: Mlflow;
  let registry: Registry;
  let served: TestDeployment;

  beforeAll(async () => {
    namespace = space();
    const host = new URL(namespace.store.connection.endpoint).hostname;
    mlflow = await startMlflow({ s3: namespace.store.connection, host, hosts: [host], auth: true });
    registry = new Registry(mlflow);
    for (const weight of [2, 3]) {
      await registry.registerFiles('Linear', linearBundle({ version: `of weight ${weight}`, weight }));
    }
    await registry.promote('Linear', 'champion', '1');
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mlflow', namespace: namespace.name },
      stringData: {
        MLFLOW_TRACKING_URI: mlflow.url,
        MLFLOW_TRACKING_USERNAME: mlflow.account?.username ?? '',
        MLFLOW_TRACKING_PASSWORD: mlflow.account?.password ?? '',
      },
    });
    served = namespace.deployment('linear');
    await served.apply(following());
    await served.ready();
  }, STARTS_WITHIN_MS);
  afterAll(() => mlflow.stop());

  const following = (replicas = 1) => ({
    replicas,
    model: {
      uri: 'models:/Linear@champion',
      credentials: { secretName: 'mlflow' },
      refreshInterval: '2s',
    },
  });
  const servesWeight = async (weight: number) => {
    await served.until(
      `serving weight ${weight}`,
      ({ status }, condition) =>
        status?.modelVersion === `of weight ${weight}` && condition('Ready')?.status === 'True',
    );
    const answer = await served.answer({ x: 3, y: 1 });
    expect(answer).toMatchObject({ status: 200, body: { prediction: weight * 3 + 1 } });
    return answer.revision;
  };

  test('it serves the version that the alias stands for, and says which', async () => {
    const name = await servesWeight(2);
    expect((await served.condition('ModelResolved'))?.message).toMatch(
      /^Version 1 of Linear, mlflow-artifacts:.* is sha256 [0-9a-f]{12}/,
    );
    const [revision] = await served.revisions();
    expect(revision?.metadata.name).toBe(name);
    expect(revision?.spec.artifact.registry).toEqual({ name: 'Linear', version: '1' });
  });

  test('the alias moved is a new revision; moved back, the earlier one comes again', async () => {
    const [first] = await served.revisions();
    await registry.promote('Linear', 'champion', '2');
    const second = await servesWeight(3);
    expect(second).not.toBe(first?.metadata.name);
    await registry.promote('Linear', 'champion', '1');
    expect(await servesWeight(2)).toBe(first?.metadata.name);
    expect(await served.revisions()).toHaveLength(2);
  });

  test(
    'what serves goes on while MLflow is away, and gives its files to a new pod',
    { timeout: STARTS_WITHIN_MS },
    async () => {
      await mlflow.kill();
      const told = await served.until(
        'told that MLflow is away',
        (_, condition) => condition('ModelResolved')?.status === 'False',
      );
      const condition = (type: string) => told.status?.conditions?.find((each) => each.type === type);
      expect(condition('ModelResolved')).toMatchObject({
        reason: 'SourceUnavailable',
        message: expect.stringContaining(`at the MLflow server ${new URL(mlflow.url).host}`),
      });
      expect(condition('Ready')?.status).toBe('True');
      await served.apply(following(2));
      await served.until('scaled', ({ status }) => status?.readyReplicas === 2);
      await servesWeight(2);
      await mlflow.start();
      await served.until('resolved', (_, each) => each('ModelResolved')?.status === 'True');
      await registry.promote('Linear', 'champion', '2');
      await servesWeight(3);
    },
  );

  test('a version whose files are in S3 is read with the keys beside', async () => {
    const folder = await namespace.store.putBundle(
      `${namespace.name}/registered/`,
      linearBundle({ version: 'of weight 5', weight: 5 }),
    );
    const version = await registry.register('Linear', folder);
    const uri = `models:/Linear/${version}`;
    await served.apply({ model: { uri, credentials: { secretName: 'mlflow' } } });
    expect(await served.notReady('AccessDenied')).toMatch(/lies at s3:.* holds no AWS_ACCESS_KEY_ID/);
    await namespace.credentials('both', namespace.store.connection, {
      MLFLOW_TRACKING_URI: mlflow.url,
      MLFLOW_TRACKING_USERNAME: mlflow.account?.username ?? '',
      MLFLOW_TRACKING_PASSWORD: mlflow.account?.password ?? '',
    });
    await served.apply({ model: { uri, credentials: { secretName: 'both' } } });
    await servesWeight(5);
    expect((await served.condition('ModelResolved'))?.message).toContain(
      `Version ${version} of Linear, s3://`,
    );
  });
});
