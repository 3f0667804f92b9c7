import { child, ours } from './children.ts';
import { seenFailure, wantsRoom } from './failures.ts';
import { revisionLabel } from './identity.ts';
import { lingering } from './linger.ts';
import type { Observed } from './observed.ts';
import { findRecord, isRejected, podsOf, promote, readyOf, type Facts } from './revisions.ts';
import type { Rollout } from './rollout.ts';
import { sizesNow } from './sizes.ts';
import { ownTrafficMap } from './traffic-map.ts';
import { planTraffic, type TrafficPlan } from './traffic-plan.ts';
import { bakeOf } from './position.ts';
import { minimum } from './times.ts';
import { decideWarm } from './warm.ts';
import { stablePods, type Sizes } from '#operator/rollout/stages.ts';

export interface Running {
  readonly stable: string | undefined;
  readonly promotions: Facts['promotions'];
  readonly warm: readonly string[];
  /** Everything that runs, what should serve first. */
  readonly order: readonly string[];
  readonly live: ReadonlySet<string>;
  /** Pods that each of them should have. */
  readonly sizes: ReadonlyMap<string, number>;
  /** What the traffic file says while they run. */
  readonly traffic: TrafficPlan;
  readonly nextExpiryAt: number | undefined;
}

/** Which revisions run: the stable one, the candidate, the warm ones, and what must not stop yet. */
export function decideRunning(o: Observed, facts: Facts, rollout: Rollout): Running {
  const candidate = runningCandidate(o, rollout);
  const stable = rollout.phase === 'Promoting' ? rollout.candidate.name : facts.stable;
  const promotions = stable === undefined ? facts.promotions : promote(facts.promotions, stable, o.now);
  const serving = [...new Set([stable, candidate])].filter((name) => name !== undefined);
  const traffic = planTraffic(o, facts, rollout, stable);
  // Where the traffic ConfigMap cannot be written, the revisions' states alone tell the next plan who served: one that lost
  // its record, is asked for or rejected has none that says so from now on.
  const isKept = traffic.traffic !== undefined || ownTrafficMap(o) !== undefined;
  const remembered = promotions.filter(({ revision }) => {
    const record = findRecord(facts, revision);
    return (
      isKept || (record !== undefined && !isRejected(record, promotions) && !isTarget(rollout, revision))
    );
  });
  // Nothing is undone to a revision whose ModelRevision was deleted, or that failed once it was stable: neither is kept.
  const recorded = remembered.filter(({ revision }) => {
    const record = findRecord(facts, revision);
    if (rollout.phase === 'Rejected' && rollout.revision.name === revision) return false;
    return record !== undefined && !isRejected(record, promotions);
  });
  const warm = decideWarm(o, recorded, new Set(serving), {
    roomWanted: roomWanted(o, rollout, stable),
    baking: bakeOf(rollout) !== undefined,
  });
  const linger = lingering(o, stable, remembered, traffic);
  const order = [
    ...new Set([...serving, ...warm.revisions, ...linger.revisions, ...heldBack(o, rollout, promotions)]),
  ];
  return {
    stable,
    promotions,
    warm: warm.revisions,
    order,
    live: new Set(order),
    sizes: sizesOfAll(o, facts, rollout, { stable, warm: warm.revisions, order }),
    traffic,
    nextExpiryAt: minimum([warm.nextExpiryAt, linger.until]),
  };
}

function isTarget(rollout: Rollout, revision: string): boolean {
  if (rollout.phase === 'Rejected') return rollout.revision.name === revision;
  return 'candidate' in rollout && rollout.candidate?.name === revision;
}

function runningCandidate(o: Observed, rollout: Rollout): string | undefined {
  switch (rollout.phase) {
    case 'Starting':
    case 'Shifting':
    case 'Promoting':
      return rollout.candidate.name;
    case 'Obstructed':
      return obstructedCandidate(o, rollout.candidate?.name);
    case 'Stable':
    case 'Resolving':
    case 'Waiting':
    case 'Rejected':
    case 'Failed':
      return undefined;
  }
}

/**
 * The stable revision and warm ones are as large as the spec says, but where `maxSurge` takes room from them; a candidate
 * is as large as its share asks for. What only has not stopped yet stays as it is.
 */
function sizesOfAll(
  o: Observed,
  facts: Facts,
  rollout: Rollout,
  { stable, warm, order }: Pick<Running, 'stable' | 'warm' | 'order'>,
): ReadonlyMap<string, number> {
  const sizes = sizesNow(o, facts);
  const candidate = runningCandidate(o, rollout);
  const wanted = inTurn(
    o,
    facts.stable === undefined ? undefined : candidate,
    sizes,
    candidateSize(sizes, rollout),
  );
  const beside = candidate === undefined || candidate === stable ? sizes.replicas : stablePods(sizes, wanted);
  return new Map(
    order.map((name) => {
      if (name === stable) return [name, beside];
      if (name === candidate) return [name, wanted];
      if (warm.includes(name)) return [name, sizes.replicas];
      const known = child(o, 'Deployment', name);
      const now = known.is === 'ours' ? known.object.spec.replicas : undefined;
      return [name, Math.min(now ?? sizes.replicas, sizes.replicas)];
    }),
  );
}

function candidateSize(sizes: Sizes, rollout: Rollout): number {
  if (rollout.phase === 'Shifting') return rollout.position.pods;
  return rollout.phase === 'Starting' ? rollout.pods : sizes.full;
}

/** Where it takes the stable revision's room, it takes the room of one pod after another: as many as are ready, and one. */
function inTurn(o: Observed, candidate: string | undefined, { maxSurge }: Sizes, pods: number): number {
  if (maxSurge === undefined || candidate === undefined) return pods;
  return Math.min(pods, readyOf(o, candidate) + maxSurge + 1);
}

/** What has started goes on; nothing is started for a switch that cannot be made. */
function obstructedCandidate(o: Observed, candidate: string | undefined): string | undefined {
  if (candidate === undefined || o.modelDeployment.spec.replicas === 0) return undefined;
  return child(o, 'Deployment', candidate).is === 'absent' ? undefined : candidate;
}

/** A candidate goes on while a new spec is read: it may turn out to be the same content. */
function heldBack(o: Observed, rollout: Rollout, promotions: Facts['promotions']): readonly string[] {
  const reading =
    o.source.state === 'idle' || (o.source.state === 'pending' && o.source.failure === undefined);
  if (rollout.phase !== 'Resolving' || !reading || o.modelDeployment.spec.replicas === 0) return [];
  return ours(o, 'Deployment').flatMap(({ metadata }) => {
    const revision = revisionLabel(metadata);
    return revision === undefined || promotions.some((known) => known.revision === revision)
      ? []
      : [revision];
  });
}

function roomWanted(o: Observed, rollout: Rollout, stable: string | undefined): boolean {
  if (o.modelDeployment.spec.rollout.maxSurge !== undefined) return true;
  if (rollout.phase === 'Starting' && wantsRoom(rollout.failure)) return true;
  if (rollout.phase === 'Shifting' && wantsRoom(rollout.ailing)) return true;
  if (rollout.phase === 'Obstructed' && rollout.obstacle.reason === 'QuotaExceeded') return true;
  if (stable === undefined) return false;
  const known = child(o, 'Deployment', stable);
  return wantsRoom(seenFailure(podsOf(o, stable), known.is === 'ours' ? known.object : undefined));
}
