import { ResolutionCache, S3StorePool } from '#artifact/index.ts';
import type { Reconcile } from '#operator/controller/index.ts';
import { createReconciler, httpPodProbe } from '#operator/model-deployment/index.ts';
import type { Plan } from '#operator/model-deployment/index.ts';
import { createSources } from '#operator/source/index.ts';
import { apiServerAddresses } from './api-server-addresses.ts';
import type { Metrics } from './metrics.ts';
import type { Surroundings } from './run.ts';

/** The reconcile of ModelDeployments, with what it needs beside the cluster: model stores, and the pods themselves. */
export async function modelDeploymentReconcile(surroundings: Surroundings): Promise<Reconcile> {
  const { kube, caches, events, enqueue, metrics, flags, server } = surroundings;
  const refused = await apiServerAddresses(server);
  const addresses = { allowLoopback: flags.allowLoopbackEndpoints, refused };
  const stores = new S3StorePool({ addresses });
  const sources = createSources({ kube, stores, cache: new ResolutionCache(), onChange: enqueue });
  return createReconciler({
    kube,
    caches,
    sources,
    events,
    settings: { runtimeImage: flags.runtimeImage, cudaRuntimeImage: flags.cudaRuntimeImage },
    podProbe: httpPodProbe,
    enqueue,
    observe: (_, plan) => count(plan, metrics),
  });
}

/** What a plan tells of a rollout's end, as metrics count it. */
function count({ events }: Plan, metrics: Metrics): void {
  for (const { reason, message } of events) {
    if (reason === 'Promoted') metrics.onRollout('promoted');
    else if (reason === 'RollbackActive') metrics.onRollback();
    else if (/^Revision \S+ was rejected\./.test(message)) metrics.onRollout('rejected');
  }
}
