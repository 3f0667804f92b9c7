import { revisionHash, revisionName, specHash } from '#operator/api/hashes.ts';
import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';
import type { ModelRevision } from '#operator/api/objects.ts';
import type { Action } from './action.ts';
import { MEMORY } from './annotations.ts';
import { child } from './children.ts';
import { derivedRejection } from './derived-rejection.ts';
import { ownerOf } from './identity.ts';
import type { Observed, Obstacle } from './observed.ts';
import { modelRevision } from './resources/revision.ts';
import {
  findRecord,
  resolvedRevision,
  selectedRevision,
  type Facts,
  type RevisionRecord,
} from './revisions.ts';
import type { CurrentTarget, RollbackDecision } from './rollback.ts';

/** Why a revision is the target; `key` is what its rejection would be bound to. */
export interface Cause {
  readonly by: 'spec' | 'rollback';
  readonly key: string;
}

/** What should be stable. */
export type Target =
  /** The spec's source is not resolved yet, or cannot be. */
  | { readonly is: 'unresolved' }
  /** An object that is not ours has the revision's name. */
  | { readonly is: 'obstructed'; readonly obstacle: Obstacle }
  /** Undone to, serving, and its ModelRevision was deleted by hand. */
  | { readonly is: 'unrecorded'; readonly revision: string; readonly cause: Cause }
  | { readonly is: 'revision'; readonly record: RevisionRecord; readonly cause: Cause };

export interface TargetDecision {
  readonly target: Target;
  /** The facts as they are once `actions` are done. */
  readonly facts: Facts;
  readonly actions: readonly Action[];
}

/** What the spec alone asks for, before any rollback and before anything is written. */
export function specTarget(o: Observed, facts: Facts): CurrentTarget {
  const decision = targetOfSpec(o, facts).target;
  if (decision.is !== 'revision')
    return { by: 'spec', revision: undefined, underWay: facts.stable !== undefined };
  const { record, cause } = decision;
  if (record.name === facts.stable) return { by: 'spec', revision: record.name, underWay: false };
  const rejected =
    record.rejection?.key === cause.key || derivedRejection(o, facts, record, cause) !== undefined;
  return { by: 'spec', revision: record.name, underWay: !rejected };
}

export function decideTarget(
  o: Observed,
  facts: Facts,
  rollback: RollbackDecision | undefined,
): TargetDecision {
  const wanted = rollback?.binding.toRevision;
  if (rollback === undefined || wanted === undefined) return targetOfSpec(o, facts);
  const cause: Cause = { by: 'rollback', key: rollback.object.metadata.uid ?? '' };
  const record = findRecord(facts, wanted);
  if (record === undefined)
    return { target: { is: 'unrecorded', revision: wanted, cause }, facts, actions: [] };
  return claim(o, facts, record, cause, undefined);
}

function targetOfSpec(o: Observed, facts: Facts): TargetDecision {
  const resolved = resolvedRevision(facts, o.modelDeployment.spec);
  const content = contentWanted(o, resolved);
  if (content === undefined) {
    if (resolved === undefined) return { target: { is: 'unresolved' }, facts, actions: [] };
    return claim(o, facts, resolved, { by: 'spec', key: resolved.specHash ?? '' }, resolved.specHash);
  }
  const hash = specHash(o.modelDeployment.spec);
  const cause: Cause = { by: 'spec', key: hash };
  const name = revisionName(content);
  const known = child(o, 'ModelRevision', name);
  if (known.is === 'obstructed')
    return { target: { is: 'obstructed', obstacle: known.obstacle }, facts, actions: [] };
  // A ModelRevision that is being deleted has to be gone before it can be made again.
  if (known.is === 'leaving') return { target: { is: 'unresolved' }, facts, actions: [] };
  if (known.is === 'absent') return createRevision(o, facts, name, content, cause);
  const record = findRecord(facts, name);
  if (record === undefined || revisionHash(record.object.spec) !== revisionHash(content)) {
    return { target: { is: 'obstructed', obstacle: collision(known.object) }, facts, actions: [] };
  }
  return claim(o, facts, record, cause, hash);
}

/**
 * The content to make a revision of: what the source was resolved to, unless the spec has its revision already. A
 * followed source replaces that only with other bytes: a newer operator's default image is no reason.
 */
function contentWanted(o: Observed, resolved: RevisionRecord | undefined): ModelRevisionSpec | undefined {
  if (o.source.state !== 'resolved') return undefined;
  const { artifact, model } = o.source.source;
  if (resolved !== undefined) {
    const current = resolved.object.spec.artifact;
    const same =
      current.sha256 === artifact.sha256 &&
      current.uri === artifact.uri &&
      current.registry?.version === artifact.registry?.version;
    if (same || o.modelDeployment.spec.model.refreshInterval === undefined) return undefined;
  }
  const { image, ...serving } = o.modelDeployment.spec.serving;
  return {
    hashVersion: 1,
    modelDeployment: o.modelDeployment.metadata.name,
    artifact,
    model,
    serving,
    image: image ?? defaultImage(o),
  };
}

/** The operator's image for what runs the model. */
function defaultImage({ modelDeployment, settings }: Observed): string {
  const { executionProvider } = modelDeployment.spec.serving;
  return executionProvider === 'cuda' ? settings.cudaRuntimeImage : settings.runtimeImage;
}

function createRevision(
  o: Observed,
  facts: Facts,
  name: string,
  spec: ModelRevisionSpec,
  cause: Cause,
): TargetDecision {
  const number = facts.highest + 1;
  const object = modelRevision(ownerOf(o.modelDeployment), name, spec, {
    number,
    specHash: cause.key,
    now: o.now,
    connection: o.source.state === 'resolved' ? o.source.source.connection : undefined,
  });
  const record: RevisionRecord = {
    name,
    object,
    number,
    specHash: cause.key,
    targetSince: o.now,
    rejection: undefined,
  };
  // Its record and its Deployment were lost, and the selector, which is the truth, names it still.
  const stable = facts.stable ?? (selectedRevision(o) === name ? name : undefined);
  return {
    target: { is: 'revision', record, cause },
    facts: { ...facts, stable, highest: number, records: [...facts.records, record] },
    actions: [{ verb: 'create', kind: 'ModelRevision', object }],
  };
}

/**
 * Marks an existing revision as the target: it has the highest number, and `hash` says which spec it was resolved for.
 * One that an undo brings back loses that mark, so that it is never taken for the spec's own.
 */
function claim(
  o: Observed,
  facts: Facts,
  record: RevisionRecord,
  cause: Cause,
  hash: string | undefined,
): TargetDecision {
  const newest = record.number > 0 && record.number === facts.highest;
  const number = newest ? record.number : facts.highest + 1;
  const sameSpec = hash === record.specHash;
  if (newest && sameSpec) return { target: { is: 'revision', record, cause }, facts, actions: [] };
  const claimed: RevisionRecord = { ...record, number, specHash: hash, targetSince: o.now };
  return {
    target: { is: 'revision', record: claimed, cause },
    facts: {
      ...facts,
      highest: number,
      records: facts.records.map((known) => (known.name === record.name ? claimed : known)),
    },
    actions: [annotate(record, number, hash, o.now)],
  };
}

function annotate(record: RevisionRecord, number: number, hash: string | undefined, now: number): Action {
  return {
    verb: 'patch',
    kind: 'ModelRevision',
    name: record.name,
    uid: record.object.metadata.uid,
    patch: {
      metadata: {
        annotations: {
          [MEMORY.revisionNumber]: String(number),
          [MEMORY.specHash]: hash ?? null,
          [MEMORY.targetSince]: String(now),
        },
      },
    },
  };
}

function collision(object: ModelRevision): Obstacle {
  return {
    kind: 'ModelRevision',
    name: object.metadata.name,
    reason: 'ForeignObject',
    message: `ModelRevision ${object.metadata.name} exists with another content, and a revision is never overwritten. Delete it (kubectl delete modelrevision ${object.metadata.name}) or change the spec.`,
    retryAt: Number.POSITIVE_INFINITY,
  };
}
