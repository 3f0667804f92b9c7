import type { Key, Reconcile } from '#operator/controller/index.ts';
import type { EventRecorder, Kube } from '#operator/kube/index.ts';
import type { DriftWatch } from '#operator/drift/index.ts';
import type { Monitor } from '#operator/monitor/index.ts';
import type { Sources } from '#operator/source/index.ts';
import { Acknowledgements, type PodProbe } from './acknowledgements.ts';
import type { Plan } from './action.ts';
import { BY_MODEL_DEPLOYMENT, type Caches } from './caches.ts';
import { execute } from './execute.ts';
import { gather } from './gather.ts';
import { ownerOf } from './identity.ts';
import { Obstacles } from './obstacles.ts';
import type { Observed, OperatorSettings } from './observed.ts';
import { plan } from './plan.ts';
import { unboundRollbacks } from './rollback-writes.ts';

export interface ReconcilerDependencies {
  readonly kube: Kube;
  readonly caches: Caches;
  readonly sources: Sources;
  readonly events: EventRecorder;
  readonly settings: OperatorSettings;
  readonly podProbe: PodProbe;
  /** Reads pods and Prometheus while a rollout is watched; `onRead` gives the ModelDeployment's UID. */
  readonly createMonitor: (onRead: (modelDeploymentUid: string) => void) => Monitor;
  /** Adds up what pods counted of drift; `onNews` gives the ModelDeployment's UID. */
  readonly createDriftWatch: (onNews: (modelDeploymentUid: string) => void) => DriftWatch;
  /** Puts a key (`namespace/name`) on the queue. */
  readonly enqueue: (key: string) => void;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** Hears each plan that was carried out; for metrics. */
  readonly observe?: (observed: Observed, plan: Plan) => void;
}

/** The reconcile of ModelDeployments: gather, plan, execute. */
export function createReconciler(dependencies: ReconcilerDependencies): Reconcile {
  const { kube, caches, sources, events, settings, enqueue, clock = Date.now } = dependencies;
  const obstacles = new Obstacles();
  /** UIDs by key, so that what is kept in memory goes when the object does. */
  const known = new Map<string, string>();
  const keys = new Map<string, string>();
  const lookAgain = (uid: string): void => {
    const key = keys.get(uid);
    if (key !== undefined) enqueue(key);
  };
  const acknowledgements = new Acknowledgements({ probe: dependencies.podProbe, onComplete: lookAgain });
  const monitor = dependencies.createMonitor(lookAgain);
  const drift = dependencies.createDriftWatch(lookAgain);
  const statusWrites = new Map<string, number>();

  const forget = (uid: string): void => {
    obstacles.forget(uid);
    acknowledgements.forget(uid);
    monitor.forget(uid);
    drift.forget(uid);
    statusWrites.delete(uid);
    sources.forget(uid);
    keys.delete(uid);
  };
  const remember = (key: Key, uid: string | undefined): void => {
    const name = `${key.namespace}/${key.name}`;
    const before = known.get(name);
    if (before === uid) return;
    if (before !== undefined) forget(before);
    if (uid === undefined) known.delete(name);
    else {
      known.set(name, uid);
      keys.set(uid, name);
    }
  };

  return async (key, signal) => {
    const readings = {
      caches,
      settings,
      obstacles,
      source: (uid: string, hash: string) => sources.state(uid, hash),
      acknowledged: (uid: string) => acknowledgements.reported(uid),
      monitoring: (uid: string) => monitor.monitoring(uid),
      drift: (uid: string) => drift.reading(uid),
      statusWrittenAt: (uid: string) => statusWrites.get(uid),
    };
    const observed = gather(key, readings, clock());
    remember(key, observed?.modelDeployment.metadata.uid);
    if (observed === undefined) {
      const waiting = caches.modelRollbacks.byIndex(BY_MODEL_DEPLOYMENT, `${key.namespace}/${key.name}`);
      const owner = { namespace: key.namespace, name: key.name, uid: '' };
      const { actions, requeueAfterMs } = unboundRollbacks(key, waiting, clock());
      await execute(actions, {
        owner,
        kube,
        caches,
        obstacles,
        clock,
        signal,
      });
      return { requeueAfterMs };
    }

    const planned = plan(observed);
    const owner = ownerOf(observed.modelDeployment);
    if (planned.source !== undefined) sources.ensure(planned.source);
    const end = await execute(planned.actions, { owner, kube, caches, obstacles, clock, signal });
    if (writesStatus(planned)) statusWrites.set(owner.uid, observed.now);
    if (planned.source === undefined) sources.forget(owner.uid);
    if (planned.monitoring === undefined) monitor.forget(owner.uid);
    else monitor.follow(owner.uid, planned.monitoring);
    if (planned.drift === undefined) drift.forget(owner.uid);
    else drift.follow(owner.uid, planned.drift);
    if (planned.inquiry !== undefined) acknowledgements.follow(owner.uid, planned.inquiry);
    if (end === 'obstructed') return { requeueAfterMs: 0 };
    for (const event of planned.events) events.record(observed.modelDeployment, event);
    dependencies.observe?.(observed, planned);
    // The answers to own writes may bring what others wrote in between, which no watch tells once more: look again.
    return { requeueAfterMs: planned.actions.length > 0 ? 0 : planned.requeueAfterMs };
  };
}

function writesStatus({ actions }: Plan): boolean {
  return actions.some((action) => action.verb === 'patch' && action.kind === 'ModelDeployment');
}
