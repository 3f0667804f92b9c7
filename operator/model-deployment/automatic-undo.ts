import { canonicalJson } from '#contract/canonical.ts';
import { API_VERSION } from '#contract/names.ts';
import { specHash } from '#operator/api/hashes.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import { MEMORY, type Binding } from './annotations.ts';
import { child } from './children.ts';
import { controllerReference, ownerOf } from './identity.ts';
import type { Observed, Obstacle } from './observed.ts';
import { numberOf, type Facts } from './revisions.ts';
import type { RollbackDecision } from './rollback.ts';
import type { Rollout } from './rollout.ts';

/** Who asks for an undo that nobody asked for. */
export const REQUESTED_BY = 'windlass';

type FailedRollout = Extract<Rollout, { readonly phase: 'Failed' }>;

/**
 * The ModelRollback that takes a failed revision back. It is bound from the start, and remembers why, so that the
 * rejection can be repeated where the operator ended between the two writes.
 */
export function automaticUndo(
  o: Observed,
  facts: Facts,
  { candidate, rejection, to }: FailedRollout,
): ModelRollback {
  const owner = ownerOf(o.modelDeployment);
  const binding: Binding = {
    modelDeploymentUid: owner.uid,
    toRevision: to,
    fromRevision: candidate.name,
    fromSpecHash: specHash(o.modelDeployment.spec),
    since: o.now,
    automatic: rejection,
  };
  return {
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: {
      name: freeName(o, `${owner.name}-auto-${candidate.number}`),
      namespace: owner.namespace,
      labels: { 'app.kubernetes.io/managed-by': 'windlass' },
      annotations: { [MEMORY.binding]: canonicalJson(binding) },
      creationTimestamp: new Date(Math.floor(o.now / 1000) * 1000).toISOString(),
      ownerReferences: [controllerReference(owner)],
    },
    spec: {
      modelDeployment: owner.name,
      toRevision: numberOf(facts, o, to) ?? to,
      fromSpecHash: binding.fromSpecHash,
      reason: `${rejection.reason}: ${rejection.message}`.slice(0, 1024),
      requestedBy: REQUESTED_BY,
    },
  };
}

/** A person may have taken the name. */
function freeName(o: Observed, name: string): string {
  const known = child(o, 'ModelRollback', name);
  return known.is === 'obstructed' && known.obstacle.reason === 'ForeignObject'
    ? `${name}-${o.now.toString(36)}`
    : name;
}

/** What keeps the ModelRollback from being written: a quota, a policy, or rights that the operator lacks. */
export function undoRefused(o: Observed, { candidate }: FailedRollout): Obstacle | undefined {
  const known = child(o, 'ModelRollback', `${ownerOf(o.modelDeployment).name}-auto-${candidate.number}`);
  return known.is === 'obstructed' && known.obstacle.reason !== 'ForeignObject' ? known.obstacle : undefined;
}

export function isAutomatic({ binding }: Pick<RollbackDecision, 'binding'>): boolean {
  return binding.automatic !== undefined;
}

/** The facts with that rejection, as the next plan will read them. */
export function withRejection(facts: Facts, rollback: RollbackDecision | undefined): Facts {
  const rejection = rollback?.binding.automatic;
  if (rejection === undefined) return facts;
  return {
    ...facts,
    records: facts.records.map((record) =>
      record.name === rollback?.binding.fromRevision && record.rejection?.key !== rejection.key
        ? { ...record, rejection }
        : record,
    ),
  };
}
