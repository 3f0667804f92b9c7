import { specHash, specHashMatches } from '#operator/api/hashes.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import { bindingSchema, MEMORY, readAnnotation, timeMs, type Binding } from './annotations.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { findRecord, isRejected, type Facts, type RevisionRecord } from './revisions.ts';

/** What a ModelRollback is bound to, and whether it holds. */
export interface RollbackDecision {
  readonly object: ModelRollback;
  readonly binding: Binding;
  /** The binding as it is kept on the object; undefined at first sight. */
  readonly kept: Binding | undefined;
  readonly state: 'Active' | 'Superseded' | 'Invalid';
}

/** What is asked for at the moment: what an undo undoes. */
export interface CurrentTarget {
  readonly by: 'spec' | 'rollback';
  readonly revision: string | undefined;
  /** Not stable yet, and not rejected. */
  readonly underWay: boolean;
}

type End = NonNullable<Binding['end']>;

/** Oldest first, each judged knowing the ones before it. */
export function decideRollbacks(
  o: Observed,
  facts: Facts,
  bySpec: CurrentTarget,
): readonly RollbackDecision[] {
  const decided: RollbackDecision[] = [];
  const standing = o.rollbacks.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const object of standing.toSorted(byAge)) {
    const kept = keptBinding(object);
    const binding =
      kept === undefined
        ? bind(o, facts, currentTarget(facts, bySpec, decided), decided, object)
        : reconsider(o, facts, kept);
    decided.push({ object, binding, kept, state: binding.end?.state ?? 'Active' });
  }
  return decided;
}

/** The newest active one counts. */
export function countingRollback(decisions: readonly RollbackDecision[]): RollbackDecision | undefined {
  return decisions.findLast(({ state }) => state === 'Active');
}

function currentTarget(
  facts: Facts,
  bySpec: CurrentTarget,
  decided: readonly RollbackDecision[],
): CurrentTarget {
  const revision = countingRollback(decided)?.binding.toRevision;
  return revision === undefined ? bySpec : { by: 'rollback', revision, underWay: revision !== facts.stable };
}

function byAge(a: ModelRollback, b: ModelRollback): number {
  const difference = timeMs(a.metadata.creationTimestamp) - timeMs(b.metadata.creationTimestamp);
  return difference !== 0 ? difference : a.metadata.name < b.metadata.name ? -1 : 1;
}

/** From the annotation, or from the status of one whose annotation was removed by hand. */
function keptBinding({ metadata, status }: ModelRollback): Binding | undefined {
  const annotated = readAnnotation(metadata, MEMORY.binding, bindingSchema);
  if (annotated !== undefined) return annotated;
  if (status?.modelDeploymentUid === undefined || status.state === undefined) return undefined;
  const { toRevision, fromRevision, fromSpecHash = '', message = '' } = status;
  return {
    modelDeploymentUid: status.modelDeploymentUid,
    ...(toRevision === undefined ? {} : { toRevision }),
    ...(fromRevision === undefined ? {} : { fromRevision }),
    fromSpecHash,
    since: timeMs(status.since),
    ...(status.state === 'Active' ? {} : { end: { state: status.state, message } }),
  };
}

function reconsider(o: Observed, facts: Facts, kept: Binding): Binding {
  const end = kept.end ?? endOf(o, facts, kept);
  return end === undefined ? kept : { ...kept, end };
}

function endOf(o: Observed, facts: Facts, kept: Binding): End | undefined {
  const { name, uid } = ownerOf(o.modelDeployment);
  if (kept.modelDeploymentUid !== uid) return madeAgain(name, kept.modelDeploymentUid, uid);
  if (!specHashMatches(kept.fromSpecHash, o.modelDeployment.spec)) {
    return {
      state: 'Superseded',
      message: `The spec of ModelDeployment ${name} changed, which ends this undo for good.`,
    };
  }
  if (kept.automatic !== undefined && sourceMoved(o, facts, kept)) {
    return {
      state: 'Superseded',
      message: `The source of ModelDeployment ${name} has other bytes by now, which ends this automatic undo for good.`,
    };
  }
  if (findRecord(facts, kept.toRevision) === undefined && facts.stable !== kept.toRevision) {
    return {
      state: 'Invalid',
      message: `Its ModelRevision ${kept.toRevision ?? ''} was deleted, so it cannot serve again. Create a ModelRollback to a revision that exists (kubectl get modelrevisions).`,
    };
  }
  return undefined;
}

/** A followed source leads to other bytes than those that were undone. One that a person undid is not followed. */
function sourceMoved(o: Observed, facts: Facts, { fromRevision }: Binding): boolean {
  const undone = findRecord(facts, fromRevision);
  if (o.modelDeployment.spec.model.refreshInterval === undefined || undone === undefined) return false;
  if (o.source.state !== 'resolved') return false;
  const { artifact } = o.source.source;
  return artifact.sha256 !== undone.object.spec.artifact.sha256;
}

function madeAgain(name: string, boundTo: string, uid: string): End {
  return {
    state: 'Invalid',
    message: `It is bound to an earlier ModelDeployment ${name} (uid ${boundTo}); the one of now has uid ${uid}. Create another ModelRollback for it.`,
  };
}

function bind(
  o: Observed,
  facts: Facts,
  current: CurrentTarget,
  decided: readonly RollbackDecision[],
  object: ModelRollback,
): Binding {
  const { uid } = ownerOf(o.modelDeployment);
  const fromRevision = current.by === 'spec' && current.underWay ? current.revision : facts.stable;
  const binding: Binding = {
    modelDeploymentUid: uid,
    ...(fromRevision === undefined ? {} : { fromRevision }),
    fromSpecHash: object.spec.fromSpecHash ?? specHash(o.modelDeployment.spec),
    since: o.now,
  };
  const refusal = refusalAtFirstSight(o, object);
  if (refusal !== undefined) return { ...binding, end: refusal };
  const found = resolveTarget(o, facts, current, decided, object);
  return 'end' in found ? { ...binding, end: found.end } : { ...binding, toRevision: found.record.name };
}

function refusalAtFirstSight(o: Observed, { metadata, spec, status }: ModelRollback): End | undefined {
  // Said while there was no ModelDeployment of that name.
  if (status?.state === 'Invalid') return { state: 'Invalid', message: status.message ?? '' };
  const { name, uid } = ownerOf(o.modelDeployment);
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'ModelDeployment');
  if (owner !== undefined && owner.uid !== uid) return madeAgain(name, owner.uid, uid);
  if (timeMs(metadata.creationTimestamp) < timeMs(o.modelDeployment.metadata.creationTimestamp)) {
    return {
      state: 'Invalid',
      message: `It is older than ModelDeployment ${name} (uid ${uid}), so it cannot be meant for it. Create another ModelRollback.`,
    };
  }
  if (spec.fromSpecHash !== undefined && !specHashMatches(spec.fromSpecHash, o.modelDeployment.spec)) {
    return {
      state: 'Superseded',
      message: `It is for the spec ${spec.fromSpecHash}, and the spec of ModelDeployment ${name} is ${specHash(o.modelDeployment.spec)} by now.`,
    };
  }
  return undefined;
}

type Found = { readonly record: RevisionRecord } | { readonly end: End };

function resolveTarget(
  o: Observed,
  facts: Facts,
  current: CurrentTarget,
  decided: readonly RollbackDecision[],
  { spec }: ModelRollback,
): Found {
  const wanted = spec.toRevision;
  const record =
    wanted === undefined
      ? revisionBefore(facts, current, decided)
      : facts.records.find(
          ({ name, number }) => name === wanted || (number > 0 && number === Number(wanted)),
        );
  if (record === undefined) return { end: { state: 'Invalid', message: notFound(o, facts, wanted) } };
  if (record.name !== facts.stable && isRejected(record, facts.promotions))
    return { end: { state: 'Invalid', message: rejectedBefore(record) } };
  if (record.name === facts.stable && !current.underWay) {
    return {
      end: {
        state: 'Invalid',
        message: `Revision ${record.name} (${record.number}) already serves and no other is on its way: there is nothing to undo.`,
      },
    };
  }
  return { record };
}

function rejectedBefore({ name, number, rejection }: RevisionRecord): string {
  return `Revision ${name} (${number}) was rejected: ${rejection?.reason ?? ''}: ${(rejection?.message ?? '').slice(0, 1000)} An undo leads to a revision that served. To try this one once more, checks and all: kubectl delete modelrevision ${name}, and apply the spec that it was made from.`;
}

/** Stable before this one: during a rollout the one that serves; a revision that was undone itself is passed over. */
function revisionBefore(
  facts: Facts,
  current: CurrentTarget,
  decided: readonly RollbackDecision[],
): RevisionRecord | undefined {
  if (current.by === 'spec' && current.underWay && facts.stable !== undefined)
    return findRecord(facts, facts.stable);
  const undone = new Set(
    decided.filter(({ state }) => state === 'Active').map(({ binding }) => binding.fromRevision),
  );
  const before = facts.promotions.findLast(({ revision }) => {
    const record = findRecord(facts, revision);
    return (
      revision !== facts.stable &&
      !undone.has(revision) &&
      record !== undefined &&
      !isRejected(record, facts.promotions)
    );
  });
  return findRecord(facts, before?.revision);
}

function notFound(o: Observed, facts: Facts, wanted: number | string | undefined): string {
  const { name } = ownerOf(o.modelDeployment);
  const known = facts.records
    .filter((record) => record.name !== facts.stable && !isRejected(record, facts.promotions))
    .toSorted((a, b) => b.number - a.number)
    .slice(0, 10)
    .map((record) => `${record.number} (${record.name})`)
    .join(', ');
  const choose = `Create another ModelRollback with toRevision set to one of: ${known === '' ? 'none yet' : known}.`;
  if (wanted === undefined) {
    return `No other revision of ModelDeployment ${name} was stable before ${facts.stable ?? 'this one'}. ${choose}`;
  }
  const stranger = o.strangers.get(String(wanted));
  const why = stranger === undefined ? 'does not exist' : `is a revision of ModelDeployment ${stranger}`;
  return `toRevision ${wanted}: that revision of ModelDeployment ${name} ${stranger === undefined ? why : `does not exist; it ${why}`}. ${choose}`;
}
