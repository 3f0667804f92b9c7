import { canonicalJson } from '#contract/canonical.ts';
import { API_VERSION } from '#contract/names.ts';
import type { Condition } from '#operator/api/schema.ts';
import type { ModelRollbackStatus } from '#operator/api/model-rollback.ts';
import type { ModelRollback, OwnerReference } from '#operator/api/objects.ts';
import type { Ref } from '#operator/kube/index.ts';
import type { Action, Plan } from './action.ts';
import { bindingSchema, isoTime, MEMORY, readAnnotation, timeMs } from './annotations.ts';
import { ownerOf, type Owner } from './identity.ts';
import { mergePatch } from './merge-patch.ts';
import type { Observed } from './observed.ts';
import { countingRollback, type RollbackDecision } from './rollback.ts';
import type { Rollout } from './rollout.ts';
import { minimum } from './times.ts';

/** Keeps on the object what it is bound to and how it ended, so that a lost status changes nothing. */
export function bindingActions(o: Observed, decisions: readonly RollbackDecision[]): readonly Action[] {
  const owner = ownerOf(o.modelDeployment);
  return decisions.flatMap(({ object: { metadata }, binding }): readonly Action[] => {
    const annotated = readAnnotation(metadata, MEMORY.binding, bindingSchema);
    const owned = metadata.ownerReferences?.some(({ uid }) => uid === owner.uid) ?? false;
    const bindsToUs = binding.modelDeploymentUid === owner.uid;
    if (
      annotated !== undefined &&
      canonicalJson(annotated) === canonicalJson(binding) &&
      (owned || !bindsToUs)
    )
      return [];
    const patch = {
      metadata: {
        annotations: { [MEMORY.binding]: canonicalJson(binding) },
        ...(owned || !bindsToUs
          ? {}
          : { ownerReferences: [...(metadata.ownerReferences ?? []), reference(owner)] }),
      },
    };
    return [{ verb: 'patch', kind: 'ModelRollback', name: metadata.name, uid: metadata.uid, patch }];
  });
}

function reference(owner: Owner): OwnerReference {
  return { apiVersion: API_VERSION, kind: 'ModelDeployment', name: owner.name, uid: owner.uid };
}

export function rollbackStatusActions(
  o: Observed,
  decisions: readonly RollbackDecision[],
  rollout: Rollout,
): readonly Action[] {
  const counting = countingRollback(decisions);
  return decisions.flatMap((decision): readonly Action[] => {
    const { metadata, status } = decision.object;
    const patch = mergePatch(status ?? {}, statusOf(o, decision, counting, rollout));
    if (patch === undefined) return [];
    return [
      {
        verb: 'patch',
        kind: 'ModelRollback',
        name: metadata.name,
        uid: metadata.uid,
        patch: { status: patch },
        subresource: 'status',
      },
    ];
  });
}

/** What applies both from Git may make the ModelDeployment a while after its undo; and watches lag behind each other. */
const UNBOUND_GRACE_MS = 60_000;

/**
 * Rollbacks whose ModelDeployment does not exist say so, after a grace. One that was bound is the garbage collector's, and
 * a ModelDeployment that is made later is younger, so it is not what they undo.
 */
export function unboundRollbacks(
  { namespace, name }: Ref,
  rollbacks: readonly ModelRollback[],
  now: number,
): Pick<Plan, 'actions' | 'requeueAfterMs'> {
  const message = `There is no ModelDeployment ${name} in namespace ${namespace}, which spec.modelDeployment names, so there is nothing to undo. Delete this ModelRollback, and create another with the right name (kubectl get modeldeployments -n ${namespace}).`;
  const since = isoTime(now);
  const unbound = rollbacks
    .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.state === undefined)
    .map(({ metadata }) => ({ metadata, dueAt: timeMs(metadata.creationTimestamp) + UNBOUND_GRACE_MS }));
  return {
    actions: unbound
      .filter(({ dueAt }) => dueAt <= now)
      .map(({ metadata }) => ({
        verb: 'patch',
        kind: 'ModelRollback',
        name: metadata.name,
        uid: metadata.uid,
        patch: {
          status: {
            state: 'Invalid',
            message,
            since,
            conditions: [readyCondition('Invalid', message, since)],
          },
        },
        subresource: 'status',
      })),
    requeueAfterMs: minimum(unbound.flatMap(({ dueAt }) => (dueAt > now ? [dueAt - now] : []))),
  };
}

function statusOf(
  o: Observed,
  decision: RollbackDecision,
  counting: RollbackDecision | undefined,
  rollout: Rollout,
): ModelRollbackStatus {
  const { object, binding, state } = decision;
  const before = object.status;
  const message = binding.end?.message ?? holds(decision, counting, rollout);
  const since = before?.state === state && before.since !== undefined ? before.since : isoTime(o.now);
  const ready = before?.conditions?.find(({ type }) => type === 'Ready');
  const { toRevision, fromRevision } = binding;
  return {
    state,
    message,
    since,
    modelDeploymentUid: binding.modelDeploymentUid,
    ...(toRevision === undefined ? {} : { toRevision }),
    ...(fromRevision === undefined ? {} : { fromRevision }),
    ...(binding.fromSpecHash === '' ? {} : { fromSpecHash: binding.fromSpecHash }),
    conditions: [readyCondition(state, message, since, ready)],
  };
}

function readyCondition(
  state: RollbackDecision['state'],
  message: string,
  since: string,
  before?: Condition,
): Condition {
  const status = state === 'Invalid' ? 'False' : 'True';
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : since;
  return { type: 'Ready', status, reason: state, message, lastTransitionTime };
}

/** Of several active ones the newest counts; the others wait until it is deleted. */
function holds(
  { object, binding }: RollbackDecision,
  counting: RollbackDecision | undefined,
  rollout: Rollout,
): string {
  const { toRevision: to = '', fromRevision: from } = binding;
  if (counting !== undefined && counting.object !== object) {
    const { name } = counting.object.metadata;
    return `ModelRollback ${name} is newer and counts. Revision ${to} serves again once that one is deleted, unless the ModelDeployment's spec changes before.`;
  }
  if (rollout.phase === 'Waiting') {
    return `Revision ${to} takes effect when the ModelDeployment is scaled up: spec.replicas is 0, and it never served before.`;
  }
  const instead = from === undefined || from === to ? '' : ` instead of ${from}`;
  return `Revision ${to} serves${instead} until the ModelDeployment's spec changes, or this ModelRollback is deleted.`;
}
