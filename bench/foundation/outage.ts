import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '#test/bed/namespace.ts';
import { Load } from '#test/support/load.ts';
import { S3Proxy } from '#test/support/s3-proxy.ts';
import type { Figure, Measurement } from '../figure.ts';
import type { Ground } from './ground.ts';
import { BODY, failuresOf, putVersion } from './traffic.ts';

const AWAY_MS = 5 * 60_000;
const REPLICAS = 3;

/** S3 is away for five minutes, and pods are deleted all the while: their successors get the model from their peers. */
export function outage(ground: Ground): readonly Figure[] {
  let measured: { readonly missing: Measurement; readonly failed: Measurement } | undefined;
  const measure = async () => {
    measured ??= await ground.within('outage', awayWhilePodsAreDeleted);
    return measured;
  };
  return [
    {
      name: `ready pods missing after S3 was away for ${AWAY_MS / 60_000} min while pods were deleted`,
      goal: { atMost: 0, unit: '' },
      measure: async () => (await measure()).missing,
    },
    {
      name: `failed requests while S3 was away for ${AWAY_MS / 60_000} min and pods were deleted`,
      goal: { atMost: 0, unit: '' },
      measure: async () => (await measure()).failed,
    },
  ];
}

async function awayWhilePodsAreDeleted(
  namespace: Namespace,
): Promise<{ readonly missing: Measurement; readonly failed: Measurement }> {
  const { hostname, port } = new URL(namespace.store.connection.endpoint);
  const proxy = await S3Proxy.start({ host: hostname, port: Number(port) });
  try {
    await namespace.credentials('proxied', { ...namespace.store.connection, endpoint: proxy.endpoint });
    const deployment = namespace.deployment('served');
    const uri = await putVersion(namespace, 1);
    await deployment.apply({
      model: { uri, credentials: { secretName: 'proxied' }, refreshInterval: '10s' },
      replicas: REPLICAS,
    });
    const ready = async (): Promise<number> => (await deployment.get()).status?.readyReplicas ?? 0;
    await deployment.until(`at ${REPLICAS} pods`, ({ status }) => status?.readyReplicas === REPLICAS);
    await deployment.answer(BODY);
    proxy.setFault({ kind: 'refuse' });
    const load = new Load({
      url: await deployment.url('/predict'),
      body: JSON.stringify(BODY),
      ratePerSecond: 50,
      connections: 'fresh',
    });
    let deleted = 0;
    const end = performance.now() + AWAY_MS;
    while (performance.now() < end) {
      const pods = await namespace.kubectl(
        'get',
        'pods',
        '-l',
        'windlass.dev/model-deployment=served',
        '-o',
        'name',
      );
      await namespace.kubectl('delete', '--wait=false', pods.split('\n')[0] ?? '');
      deleted += 1;
      await sleep(20_000);
    }
    await deployment
      .until('whole again', ({ status }) => status?.readyReplicas === REPLICAS)
      .catch(() => undefined);
    const missing = REPLICAS - (await ready());
    return { missing: { value: missing, detail: { deleted } }, failed: failuresOf(await load.stop()) };
  } finally {
    await proxy.stop();
  }
}
