import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { status, type Cluster } from '#test/cluster/index.ts';
import { Registry, startMlflow } from '#test/mlflow/index.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { describeOnCluster } from './support.ts';

// What a team has to survive. Each says how long it took until every model answered again; docs/disaster.md tells what an
// operator of the system has to do.

const RECOVERY_MS = 5 * 60_000;

describeOnCluster('disaster', (space, bed) => {
  const uris: Record<string, string> = {};
  const took: string[] = [];
  let cluster: Cluster | undefined;

  beforeAll(async () => {
    const health = await status();
    cluster = health.state === 'running' ? health.cluster : undefined;
    for (const version of ['1', '2'])
      uris[version] = await space().store.putBundle(
        `${space().name}/${version}/`,
        linearBundle({ version, weight: Number(version) }),
      );
  });
  afterAll(() => console.log(`disaster: ${took.join('; ')}`));

  const model = (version: string, replicas = 1): SpecInput => ({
    model: { uri: uris[version] ?? '' },
    replicas,
    serving: { resources: { requests: { cpu: '10m', memory: '64Mi' } } },
  });
  const answerOf = (version: number) => ({ prediction: version * 3 + 1, model_version: String(version) });

  async function answers(deployment: TestDeployment, version: number): Promise<void> {
    const end = performance.now() + RECOVERY_MS;
    for (;;) {
      const answer = await deployment.predict({ x: 3, y: 1 }).catch((error: unknown) => error);
      const body = answer instanceof Error ? answer.message : (answer as { body: unknown }).body;
      if (JSON.stringify(body) === JSON.stringify(answerOf(version))) return;
      if (performance.now() > end)
        throw new Error(`version ${version} did not answer: ${JSON.stringify(body)}`);
      await sleep(250);
    }
  }

  async function recovered(what: string, work: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await work();
    const ms = performance.now() - start;
    took.push(`${what} ${(ms / 1000).toFixed(0)} s`);
    expect(ms).toBeLessThan(RECOVERY_MS);
  }

  test('a namespace that was deleted comes back from Git: what is applied again serves', async () => {
    const name = 'e2e-disaster-deleted';
    const namespace = await bed().namespace(name);
    const deployment = namespace.deployment('deleted');
    try {
      await deployment.apply(model('1'));
      await deployment.ready();
      await bed().kubectl(['delete', 'namespace', name, '--wait=true']);
      await recovered('namespace deleted, and applied again', async () => {
        await namespace.create();
        await deployment.apply(model('1'));
        await answers(deployment, 1);
      });
      await deployment.ready();
    } finally {
      await namespace.delete();
    }
  });

  test('MLflow’s database is lost: what serves goes on, the status says why, and a registered model heals it', async ({
    skip,
  }) => {
    const { host } = cluster ?? {};
    if (host === undefined) return skip('pods of this cluster cannot reach this machine');
    const options = {
      s3: bed().connection.store,
      host: host.listen,
      hosts: [host.address],
      bucket: 'disaster',
    };
    let mlflow = await startMlflow(options);
    const register = async (): Promise<void> => {
      const registry = new Registry(mlflow);
      await registry.registerFiles('Linear', linearBundle({ version: '1', weight: 1 }));
      await registry.promote('Linear', 'champion', '1');
    };
    try {
      await register();
      const { port } = mlflow;
      await space().credentials('registry', bed().connection.store, {
        MLFLOW_TRACKING_URI: `http://${host.address}:${port}`,
      });
      const deployment = space().deployment('registered');
      await deployment.apply({
        ...model('1'),
        model: {
          uri: 'models:/Linear@champion',
          refreshInterval: '2s',
          credentials: { secretName: 'registry' },
        },
      });
      await deployment.ready();
      await mlflow.stop();
      mlflow = await startMlflow({ ...options, port });
      await deployment.until(
        'told that there is no such model',
        (_, condition) => condition('ModelResolved')?.reason === 'NotFound',
      );
      expect((await deployment.condition('Ready'))?.status).toBe('True');
      await answers(deployment, 1);
      await recovered('MLflow’s database lost, and the model registered again', async () => {
        await register();
        await deployment.until('resolved', (_, condition) => condition('ModelResolved')?.status === 'True');
      });
    } finally {
      await mlflow.stop();
    }
  });

  describe('of the machine', () => {
    test('the node loses its power: every model is back by itself, at the revision that it had', async ({
      skip,
    }) => {
      const disasters = cluster?.disasters;
      if (disasters === undefined) return skip('only the provider host can do that to its machine');
      const deployment = space().deployment('powerless');
      await deployment.apply(model('1', 2));
      await deployment.ready();
      const before = (await deployment.get()).status?.stableRevision;
      await recovered('node lost', async () => {
        await disasters.loseNode();
        await answers(deployment, 1);
        await deployment.ready();
      });
      expect((await deployment.get()).status?.stableRevision).toBe(before);
      expect(await space().list('modelrollback')).toEqual([]);
    });

    test('the API server’s data is that of an older backup: the model of then serves, and Git brings the newer one back', async ({
      skip,
    }) => {
      const disasters = cluster?.disasters;
      if (disasters === undefined) return skip('only the provider host can do that to its machine');
      const deployment = space().deployment('restored');
      await deployment.apply(model('1'));
      await deployment.ready();
      await disasters.backUp();
      await deployment.apply(model('2'));
      await answers(deployment, 2);
      await deployment.ready();
      await recovered('etcd restored from an older backup', async () => {
        await disasters.restore();
        // As every controller that has a copy of the data: docs/disaster.md.
        const operators = ['-n', bed().connection.operatorNamespace, '-l', 'app.kubernetes.io/name=windlass'];
        await bed().kubectl(['delete', 'pods', ...operators, '--wait=true']);
        await answers(deployment, 1);
        await deployment.ready();
      });
      await recovered('and the newer model applied again', async () => {
        await deployment.apply(model('2'));
        await answers(deployment, 2);
      });
      await deployment.ready();
    });
  });
});
