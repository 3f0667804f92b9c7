import { MlflowServerPool, ResolutionCache, S3StorePool } from '#artifact/index.ts';
import type { Reconcile } from '#operator/controller/index.ts';
import { DriftWatch, httpPodDriftProbe } from '#operator/drift/index.ts';
import { createReconciler, type News } from '#operator/model-deployment/index.ts';
import { HttpPrometheus, httpPodReportProbe, Monitor } from '#operator/monitor/index.ts';
import { createSources } from '#operator/source/index.ts';
import { apiServerAddresses } from './api-server-addresses.ts';
import { createNotifier, notificationsOf } from './notify/index.ts';
import type { Metrics } from './metrics/index.ts';
import type { Surroundings } from './run.ts';

/** The reconcile of ModelDeployments, with what it needs beside the cluster: model stores, and the pods themselves. */
export async function modelDeploymentReconcile(surroundings: Surroundings): Promise<Reconcile> {
  const { kube, caches, events, enqueue, metrics, flags, log, server } = surroundings;
  const refused = await apiServerAddresses(server);
  const addresses = { allowLoopback: flags.allowLoopbackEndpoints, refused };
  const stores = new S3StorePool({ addresses });
  const notifier =
    flags.notify === undefined ? undefined : await createNotifier(flags.notify, log, metrics.onNotification);
  const sources = createSources({
    kube,
    stores,
    mlflow: new MlflowServerPool({ addresses }),
    cache: new ResolutionCache(),
    onChange: enqueue,
  });
  const prometheus =
    flags.prometheusUrl === undefined
      ? undefined
      : new HttpPrometheus({ url: flags.prometheusUrl, tokenFile: flags.prometheusTokenFile });
  return createReconciler({
    kube,
    caches,
    sources,
    events,
    settings: { runtimeImage: flags.runtimeImage, cudaRuntimeImage: flags.cudaRuntimeImage },
    podProbe: async (ip, podSignal) => (await httpPodReportProbe(ip, podSignal)).generation ?? 0,
    createMonitor: (onRead) => new Monitor({ probe: httpPodReportProbe, prometheus, onRead }),
    createDriftWatch: (onNews) => {
      const watch = new DriftWatch({ probe: httpPodDriftProbe, onNews });
      metrics.readDriftFrom((uid) => watch.reading(uid));
      return watch;
    },
    enqueue,
    observe: (observed, plan) => {
      for (const { news } of plan.events) if (news !== undefined) count(news, metrics);
      for (const notification of notificationsOf(observed, plan)) notifier?.notify(notification);
    },
  });
}

/** An undo by hand ends no rollout that metrics know of. */
function count(news: News, metrics: Metrics): void {
  switch (news.is) {
    case 'drifted':
      return;
    case 'retraining':
      metrics.onRetraining(news.reason, news.result);
      return;
    case 'undone':
      metrics.onRollback(news.by);
      if (news.by === 'windlass') metrics.onRollout(news.is);
      return;
    default:
      metrics.onRollout(news.is);
  }
}
