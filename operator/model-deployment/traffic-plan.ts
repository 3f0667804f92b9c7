import { canonicalJson, sha256 } from '#contract/canonical.ts';
import { MAX_CANDIDATE_DEADLINE_MS, type Traffic } from '#contract/traffic.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import type { RolloutMemory } from './annotations.ts';
import type { Progress } from '#operator/rollout/progress.ts';
import { promoteHeeded, promoteTooSoon } from './by-hand.ts';
import type { Child } from './children.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { progressOf, shareOf } from './position.ts';
import { numberOf, type Facts } from './revisions.ts';
import type { Rollout } from './rollout.ts';
import { peakNow } from './sizes.ts';
import { readTouch, readTraffic, revisionUrl } from './traffic-file.ts';
import { trafficMap } from './traffic-map.ts';

/** What the traffic file says once the plan is carried out. */
export interface TrafficPlan {
  readonly known: Child<ConfigMap>;
  readonly before: Traffic | undefined;
  /** undefined: nothing is stable, or the file cannot be written. */
  readonly traffic: Traffic | undefined;
  readonly memory: RolloutMemory;
}

/** The same file while it says the same; else the next generation, above all that any pod was told. */
export function planTraffic(
  o: Observed,
  facts: Facts,
  rollout: Rollout,
  stable: string | undefined,
): TrafficPlan {
  const known = trafficMap(o);
  const before = readTraffic(known.is === 'ours' ? known.object : undefined);
  const memory = remembered(o, facts, rollout);
  if (stable === undefined || known.is === 'obstructed' || known.is === 'leaving')
    return { known, before, traffic: undefined, memory };
  const wanted = wantedTraffic(o, facts, rollout, stable, before);
  if (before !== undefined && same(before, wanted)) return { known, before, traffic: before, memory };
  const told = o.pods.map(({ metadata }) => readTouch(metadata.annotations).generation);
  const generation = Math.max(before?.generation ?? 0, ...told) + 1;
  const released = releasedBy(before, wanted);
  return {
    known,
    before,
    traffic: { ...wanted, generation },
    memory: {
      ...memory,
      ...(released === undefined ? {} : { released: { revision: released, at: o.now } }),
      ...(wanted.candidate === undefined && before?.candidate === undefined ? {} : { changedAt: o.now }),
    },
  };
}

/** An autoscaler needs so long to see the load of the pods that serve after a rollout. */
const PEAK_MS = 5 * 60_000;

function remembered(o: Observed, facts: Facts, rollout: Rollout): RolloutMemory {
  const { peak, ignored: _, promoted: __, progress: before, ...rest } = facts.rollout;
  const { replicas } = o.modelDeployment.spec;
  const ignored = promoteTooSoon(o, facts);
  const promoted = promoteHeeded(o, facts, numberOfTarget(o, facts, rollout));
  const moving = rollout.phase === 'Shifting' && rollout.position.kind !== 'Gate';
  const highest = moving
    ? { replicas: Math.max(replicas, peakNow(o, facts)) }
    : peak?.until === undefined && peak !== undefined
      ? { ...peak, until: o.now + PEAK_MS }
      : peak;
  return {
    ...rest,
    progress: progressOf(rollout) ?? keptProgress(rollout, before),
    ...(highest === undefined ? {} : { peak: highest }),
    ...(ignored === undefined ? {} : { ignored }),
    ...(promoted === undefined ? {} : { promoted }),
  };
}

function numberOfTarget(o: Observed, facts: Facts, rollout: Rollout): number | undefined {
  if (rollout.phase === 'Stable') return numberOf(facts, o, rollout.revision);
  if (rollout.phase === 'Rejected') return rollout.revision.number;
  return 'candidate' in rollout ? rollout.candidate?.number : undefined;
}

/** What is in a candidate's way is no new beginning; and one that failed waits for a person after a scale to zero, too. */
function keptProgress(rollout: Rollout, before: Progress | undefined): Progress | undefined {
  const waits =
    rollout.phase === 'Obstructed' || (rollout.phase === 'Waiting' && before?.failed !== undefined);
  return waits && before?.revision === rollout.candidate?.name ? before : undefined;
}

function wantedTraffic(
  o: Observed,
  facts: Facts,
  rollout: Rollout,
  stable: string,
  before: Traffic | undefined,
): Traffic {
  const owner = ownerOf(o.modelDeployment);
  const { sticky, shadow, candidateTimeout } = o.modelDeployment.spec.rollout;
  const url = revisionUrl(owner, stable);
  const unchanged = before?.stable.revision === stable && before.stable.url === url;
  const share = shareOf(rollout);
  return {
    formatVersion: 1,
    generation: before?.generation ?? 1,
    token: before?.token ?? forwardingToken(o.modelDeployment.metadata.uid ?? ''),
    stable: unchanged ? before.stable : { revision: stable, number: numberOf(facts, o, stable) ?? 1, url },
    ...(share === undefined || share.revision === stable
      ? {}
      : {
          candidate: {
            revision: share.revision,
            number: share.number,
            url: revisionUrl(owner, share.revision),
            weight: share.weight,
            shadow: share.shadow,
            deadlineMs: Math.min(durationMs(candidateTimeout), MAX_CANDIDATE_DEADLINE_MS),
            tolerance: shadow?.tolerance ?? 0,
            ...(sticky === undefined ? {} : { stickyHeader: sticky.header.toLowerCase() }),
          },
        }),
  };
}

/** Files of earlier operators have no token: that alone is no change. */
function same(before: Traffic, wanted: Traffic): boolean {
  const content = ({ stable, candidate }: Traffic): string =>
    canonicalJson({ revision: stable.revision, url: stable.url, candidate });
  return content(before) === content(wanted);
}

/** The revision that takes nothing any more, and is not the stable one now. */
function releasedBy(before: Traffic | undefined, wanted: Traffic): string | undefined {
  const revision = before?.candidate?.revision;
  const gone = revision !== wanted.candidate?.revision && revision !== wanted.stable.revision;
  return gone ? revision : undefined;
}

/** Not guessed by a client, and the same at each look: planning stays pure, and no Secret has to be kept. */
function forwardingToken(uid: string): string {
  return sha256(`forwarded requests of ${uid}`).slice(0, 32);
}
