import { createCaches } from './caches/index.ts';
import type { RunningCaches } from './caches/index.ts';
import { runController, WorkQueue } from './controller/index.ts';
import type { Reconcile } from './controller/index.ts';
import type { Flags } from './flags.ts';
import { collectGarbage, compactWhenIdle } from './heap.ts';
import { ApiEventRecorder, clusterAccess, createKube, LeaderElector, Transport } from './kube/index.ts';
import type { ClusterAccess, EventRecorder, Kube } from './kube/index.ts';
import type { Log } from './logging.ts';
import { createMetrics } from './metrics/index.ts';
import type { Metrics } from './metrics/index.ts';
import { modelDeploymentKeys, type Caches } from './model-deployment/index.ts';
import { startHealthServer } from './server.ts';

/** What a reconciler is given: everything that it may touch. */
export interface Surroundings {
  readonly kube: Kube;
  readonly caches: Caches;
  readonly events: EventRecorder;
  /** Puts a key (`namespace/name`) on the queue, because something outside of the cluster's objects changed. */
  readonly enqueue: (key: string) => void;
  readonly metrics: Metrics;
  readonly flags: Flags;
  readonly log: Log;
  /** Where the API server is. */
  readonly server: string;
}

export interface OperatorOptions {
  readonly flags: Flags;
  readonly log: Log;
  readonly createReconcile: (surroundings: Surroundings) => Promise<Reconcile>;
  /** Hears the port of /metrics and health once it listens. */
  readonly onListening?: (port: number) => void;
}

const NAME = 'windlass.dev/operator';
/** The API server's audit log knows the operator by it. */
const USER_AGENT = 'windlass-operator';
/** Longer than any reconcile takes whose calls all meet their deadlines. */
const RECONCILE_DEADLINE_MS = 120_000;
/** A rollout's changes come in bursts, of which each but the last would be looked at for nothing. */
const REST_MS = 100;
/** Work that has not stopped so long after leadership was lost must not go on beside a new leader. */
const STOP_WITHIN_MS = 10_000;

interface Parts {
  readonly server: string;
  readonly metrics: Metrics;
  readonly caches: RunningCaches;
  readonly elector: LeaderElector | undefined;
  /** Nothing waits to be worked on. */
  readonly isIdle: () => boolean;
  /** Works off the queue until the signal aborts. */
  readonly act: (leading: AbortSignal) => Promise<void>;
  readonly close: () => void;
}

/** The whole operator, from the first list until the signal aborts. */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { flags, log } = options;
  const parts = await assemble(options, await clusterAccess(flags.kubeconfig, flags.context));
  const { caches, metrics, elector } = parts;
  const health = await startHealthServer({
    host: flags.metricsHost,
    port: flags.metricsPort,
    registry: metrics.registry,
    notReady: () => (caches.hasSynced() ? undefined : 'the first list of some kind has not come through yet'),
  });
  options.onListening?.(health.port);
  const following = caches.run(signal);
  compactWhenIdle(parts.isIdle, signal);
  try {
    log.info({ server: parts.server, namespaces: flags.namespaces ?? 'all' }, 'listing');
    await caches.synced(signal);
    log.info({ modelDeployments: caches.modelDeployments.list().length }, 'caches are complete');
    collectGarbage();
    if (elector === undefined) await leadAlone(metrics, parts.act, signal);
    else await leadInTurn(elector, parts.act, log, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await following;
    await health.close();
    parts.close();
  }
}

async function assemble(options: OperatorOptions, access: ClusterAccess): Promise<Parts> {
  const { flags, log } = options;
  let caches: RunningCaches | undefined;
  let queue: WorkQueue | undefined;
  const enqueue = (key: string): void => queue?.add(key);
  const metrics = createMetrics(() => caches?.modelDeployments.list() ?? []);
  const { onCall, onIncident, onEventDropped: onDropped } = metrics;
  // A renewal must not wait behind a hundred other calls, nor be held up by its own fence.
  const electing = new Transport(access, { userAgent: USER_AGENT, maxSockets: 2, onCall });
  const elector = flags.leaderElect ? createElector(flags, access, electing, log, metrics) : undefined;
  const fence = elector === undefined ? {} : { fence: elector.fence };
  const maxSockets = flags.maxConnections;
  const transport = new Transport(access, { userAgent: USER_AGENT, maxSockets, onCall, ...fence });
  const namespaces = flags.namespaces === undefined ? {} : { namespaces: flags.namespaces };
  caches = createCaches({ transport, log, onChange: enqueue, onIncident, ...namespaces });
  const known = caches;
  const kube = createKube(transport);
  const reporting = { reportingController: NAME, reportingInstance: flags.identity };
  const events = new ApiEventRecorder({ kube, log, onDropped, ...reporting });
  const { server } = access;
  const reconcile = await options.createReconcile({
    kube,
    caches,
    events,
    enqueue,
    metrics,
    flags,
    log,
    server,
  });
  const act = async (leading: AbortSignal): Promise<void> => {
    queue = new WorkQueue({ restMs: REST_MS, observer: metrics.onQueue });
    // An undo may name a ModelDeployment that does not exist, and has to be told so.
    const standing = [...known.modelDeployments.list(), ...known.modelRollbacks.list()];
    for (const key of new Set(standing.flatMap(modelDeploymentKeys))) enqueue(key);
    const { concurrency } = flags;
    const working = { queue, reconcile, concurrency, deadlineMs: RECONCILE_DEADLINE_MS, log };
    await Promise.all([
      runController({ ...working, observe: metrics.onReconcile }, leading),
      events.run(leading),
    ]);
  };
  const close = (): void => {
    transport.close();
    electing.close();
  };
  const isIdle = (): boolean => (queue?.depth ?? 0) === 0;
  return { server, metrics, caches, elector, isIdle, act, close };
}

function createElector(
  flags: Flags,
  access: ClusterAccess,
  transport: Transport,
  log: Log,
  metrics: Metrics,
): LeaderElector {
  return new LeaderElector({
    kube: createKube(transport),
    lease: { namespace: flags.leaseNamespace ?? access.namespace ?? 'default', name: flags.leaseName },
    identity: flags.identity,
    log,
    onLeading: metrics.onLeading,
  });
}

async function leadAlone(metrics: Metrics, act: Parts['act'], signal: AbortSignal): Promise<void> {
  metrics.onLeading(true);
  await act(signal);
}

/** Leads whenever it can, until the signal aborts. */
async function leadInTurn(
  elector: LeaderElector,
  act: Parts['act'],
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await elector.lead(signal, async (leading) => {
      let timer: NodeJS.Timeout | undefined;
      const leaveLater = (): void => {
        timer = setTimeout(() => {
          log.error({ afterMs: STOP_WITHIN_MS }, 'work did not stop in time after leadership ended; leaving');
          process.exit(1);
        }, STOP_WITHIN_MS);
      };
      leading.addEventListener('abort', leaveLater, { once: true });
      try {
        await act(leading);
      } finally {
        clearTimeout(timer);
        leading.removeEventListener('abort', leaveLater);
      }
    });
  }
}
