import { KubeError, isKubeError } from '#operator/kube/index.ts';
import type { Kube, KubeObject, Ref } from '#operator/kube/index.ts';
import type { Action, PodTouch } from './action.ts';
import type { Caches } from './caches.ts';
import { foreign } from './children.ts';
import { isQuota } from './failures.ts';
import { belongsToPredecessor, isControlledBy, type Owner } from './identity.ts';
import { kindOf, type Writable } from './kinds.ts';
import type { ChildKind, Obstacle } from './observed.ts';
import { OBSTACLE_RETRY_MS, type Obstacles } from './obstacles.ts';
import { deployment, type RevisionDeployment } from './resources/deployment.ts';
import { ANNOTATION } from '#contract/names.ts';

export interface Execution {
  readonly owner: Owner;
  readonly kube: Kube;
  readonly caches: Caches;
  readonly obstacles: Obstacles;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** The garbage collector takes a predecessor's children within moments. */
const PREDECESSOR_RETRY_MS = 2_000;
const TOUCHES_AT_ONCE = 16;

/**
 * Carries the actions out in order and stops at the first error. `obstructed`: a child could not be made; what is in its
 * way is known now, and another plan goes around it.
 */
export async function execute(actions: readonly Action[], e: Execution): Promise<'done' | 'obstructed'> {
  for (const action of actions) {
    e.signal.throwIfAborted();
    if ((await perform(action, e)) === 'obstructed') return 'obstructed';
  }
  return 'done';
}

async function perform(action: Action, e: Execution): Promise<'done' | 'obstructed'> {
  switch (action.verb) {
    case 'create':
      return create(action.kind, action.object, e);
    case 'createDeployment':
      return create('Deployment', deployment(action.deployment, await peerToken(action.deployment, e)), e);
    case 'apply': {
      const { store, type } = kindOf(action.kind, e.caches);
      store.observe(await e.kube.apply(type, action.object, { signal: e.signal }));
      return 'done';
    }
    case 'patch':
      return patch(action, e);
    case 'delete': {
      const { store, type } = kindOf(action.kind, e.caches);
      const ref = { namespace: e.owner.namespace, name: action.name };
      await e.kube.delete(type, ref, { uid: action.uid, propagation: 'Background', signal: e.signal });
      store.forget(ref, action.uid);
      return 'done';
    }
    case 'look': {
      const ref = { namespace: e.owner.namespace, name: action.name };
      const found = await find(kindOf(action.kind, e.caches).type, ref, e);
      return found === undefined ? 'done' : meet(action.kind, found, e);
    }
    case 'touchPods':
      await touchPods(action.pods, e);
      return 'done';
  }
}

async function peerToken({ owner, revision }: RevisionDeployment, e: Execution): Promise<string> {
  const ref = { namespace: owner.namespace, name: revision };
  const { store, type } = kindOf('ModelRevision', e.caches);
  const known = store.get(ref) ?? (await e.kube.get(type, ref, { signal: e.signal }));
  return known.metadata.uid ?? '';
}

async function patch(
  action: Extract<Action, { verb: 'patch' }>,
  e: Execution,
): Promise<'done' | 'obstructed'> {
  const { store, type } = kindOf(action.kind, e.caches);
  const ref = { namespace: e.owner.namespace, name: action.name };
  const uid = action.uid ?? store.get(ref)?.metadata.uid;
  const body: { readonly metadata?: object } = action.patch;
  const withUid = { ...body, metadata: { ...body.metadata, ...(uid === undefined ? {} : { uid }) } };
  const { subresource } = action;
  const options = { signal: e.signal, ...(subresource === undefined ? {} : { subresource }) };
  try {
    store.observe(await e.kube.patch(type, ref, withUid, options));
  } catch (error) {
    // A schedule or a time zone that only the API server knows to be none must not keep the rest from being done.
    const isTold = isKubeError(error, 'invalid') || isKubeError(error, 'forbidden');
    if (action.kind === 'CronJob' && isTold) return refused(action.kind, action.name, error, e);
    throw error;
  }
  if (action.kind === 'CronJob') e.obstacles.clear(e.owner.uid, action.kind, action.name);
  return 'done';
}

async function create(kind: ChildKind, object: KubeObject, e: Execution): Promise<'done' | 'obstructed'> {
  const { name } = object.metadata;
  const { store, type } = kindOf(kind, e.caches);
  const ref = { namespace: e.owner.namespace, name };
  // A name that was taken before is looked at first: reading costs no write.
  const inTheWay = e.obstacles.has(e.owner.uid, kind, name) ? await find(type, ref, e) : undefined;
  if (inTheWay !== undefined) return meet(kind, inTheWay, e);
  try {
    store.observe(await e.kube.create(type, object, { signal: e.signal }));
    e.obstacles.clear(e.owner.uid, kind, name);
    return 'done';
  } catch (error) {
    if (isKubeError(error, 'alreadyExists'))
      return meet(kind, await e.kube.get(type, ref, { signal: e.signal }), e);
    if (isKubeError(error, 'forbidden') || isKubeError(error, 'invalid'))
      return refused(kind, name, error, e);
    throw error;
  }
}

async function find(type: Writable['type'], ref: Ref, e: Execution): Promise<KubeObject | undefined> {
  try {
    return await e.kube.get(type, ref, { signal: e.signal });
  } catch (error) {
    if (isKubeError(error, 'notFound')) return undefined;
    throw error;
  }
}

/** An object of that name exists: ours, which a stale cache did not show, or another's. */
function meet(kind: ChildKind, object: KubeObject, e: Execution): 'done' | 'obstructed' {
  const { metadata } = object;
  if (isControlledBy(metadata, e.owner.uid)) {
    if (metadata.deletionTimestamp !== undefined) {
      throw new KubeError(
        'conflict',
        `${kind} ${metadata.name} is being deleted: it is made again once it is gone`,
      );
    }
    kindOf(kind, e.caches).store.observe(object);
    e.obstacles.clear(e.owner.uid, kind, metadata.name);
    return 'done';
  }
  const wait = belongsToPredecessor(metadata, e.owner) ? PREDECESSOR_RETRY_MS : OBSTACLE_RETRY_MS;
  e.obstacles.add(e.owner.uid, { ...foreign(kind, object), retryAt: e.clock() + wait });
  return 'obstructed';
}

function refused(kind: ChildKind, name: string, error: KubeError, e: Execution): 'obstructed' {
  const quota = isQuota(error.message);
  const next = quota
    ? 'Raise the ResourceQuota, or free some of it.'
    : error.kind === 'invalid'
      ? 'Mend the field in the ModelDeployment that it names.'
      : 'Mend the policy, or the operator’s permissions.';
  const obstacle: Obstacle = {
    kind,
    name,
    reason: quota ? 'QuotaExceeded' : 'Refused',
    message: `The API server refuses ${kind} ${name}: ${error.message.slice(0, 1500)}. ${next}`,
    retryAt: e.clock() + OBSTACLE_RETRY_MS,
  };
  e.obstacles.add(e.owner.uid, obstacle);
  return 'obstructed';
}

/** A touch that fails costs time alone: the kubelet reads the file anyway within a minute, and is told again. */
async function touchPods(pods: readonly PodTouch[], e: Execution): Promise<void> {
  const { store, type } = kindOf('Pod', e.caches);
  const left = [...pods];
  const work = async (): Promise<void> => {
    for (let pod = left.shift(); pod !== undefined; pod = left.shift()) {
      const { name, uid, value } = pod;
      const body = { metadata: { uid, annotations: { [ANNOTATION.trafficGeneration]: value } } };
      try {
        const ref = { namespace: e.owner.namespace, name };
        store.observe(await e.kube.patch(type, ref, body, { signal: e.signal }));
      } catch (error) {
        if (!isKubeError(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(TOUCHES_AT_ONCE, pods.length) }, work));
}
