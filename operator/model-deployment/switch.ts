import type { ConfigMap, Pod } from '#operator/kube/index.ts';
import type { Action, Inquiry, PodTouch } from './action.ts';
import { MEMORY, readNumber, timeMs, type Promotion, type RolloutMemory } from './annotations.ts';
import { ownerOf, revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import { trafficConfigMap } from './resources/traffic.ts';
import { readTouch, touchValue } from './traffic-file.ts';
import type { TrafficPlan } from './traffic-plan.ts';
import { keep } from './upkeep.ts';

/** For this long after a switch the operator asks the pods what they have applied. */
export const FRESH_MS = 10_000;
/**
 * After a switch, when a pod that still has an older file is told once more. The first are close together: a kubelet that
 * sees the pod's annotation before the ConfigMap reads the older file, and keeps it for a minute.
 */
const AGAIN_AFTER_MS = [300, 700, 1500, 3000, 6000] as const;
/** creationTimestamp has whole seconds, and a kubelet may read a file a moment before it mounts it. */
const CREATION_SLACK_MS = 2_000;

export interface Switch {
  readonly generation: number;
  readonly actions: readonly Action[];
  /** Pods to ask, while the switch is fresh. */
  readonly inquiry: Inquiry | undefined;
  /** When to look again. */
  readonly againAt: number | undefined;
}

/** Writes the traffic file, tells the pods, and tells those again that report an older file. */
export function decideSwitch(
  o: Observed,
  { known, before, traffic, memory }: TrafficPlan,
  numbers: {
    readonly highest: number;
    readonly remember: boolean;
    readonly promotions: readonly Promotion[];
  },
  live: ReadonlySet<string>,
): Switch {
  if (traffic === undefined) return { generation: 0, actions: [], inquiry: undefined, againAt: undefined };
  const { promotions } = numbers;
  const configMap = known.is === 'ours' ? known.object : undefined;
  const highest = highestToKeep(configMap, numbers, traffic !== before);
  const wanted = trafficConfigMap(ownerOf(o.modelDeployment), traffic, {
    highest,
    promotions: bounded(promotions, o),
    rollout: rolloutToKeep(configMap, memory),
  });
  const pods = o.pods.filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined && live.has(revisionLabel(metadata) ?? ''),
  );
  const switchedAt = Math.max(promotions.at(-1)?.from ?? o.now, memory.changedAt ?? 0);
  const change = { generation: traffic.generation, switchedAt, watched: traffic.candidate !== undefined };
  const touches = pods.flatMap((pod) => touch(o, pod, change));
  return {
    generation: traffic.generation,
    actions: [
      ...keep('ConfigMap', known, wanted),
      ...(touches.length === 0 ? [] : [{ verb: 'touchPods' as const, pods: touches }]),
    ],
    ...inquiry(o, pods, traffic.generation, switchedAt),
  };
}

/** Nothing where there was never anything to remember: most rollouts go straight. */
function rolloutToKeep(known: ConfigMap | undefined, memory: RolloutMemory): RolloutMemory | undefined {
  const empty = Object.values(memory).every((value) => value === undefined);
  return empty && known?.metadata.annotations?.[MEMORY.rollout] === undefined ? undefined : memory;
}

/** A number that a ModelRevision bears needs no write of its own: it comes along with the next one. */
function highestToKeep(
  known: ConfigMap | undefined,
  { highest, remember }: { readonly highest: number; readonly remember: boolean },
  switching: boolean,
): number {
  const kept = known === undefined ? undefined : readNumber(known.metadata, MEMORY.highestRevision);
  return switching || remember ? highest : (kept ?? highest);
}

/** Only revisions that can still be undone to matter, and the latest of the others. */
function bounded(promotions: readonly Promotion[], o: Observed): readonly Promotion[] {
  return promotions.slice(-(o.modelDeployment.spec.history.limit + 4));
}

/** The change that pods are told of; `watched`: pods are asked for as long as it holds, new ones included. */
interface Change {
  readonly generation: number;
  readonly switchedAt: number;
  readonly watched: boolean;
}

function touch(o: Observed, pod: Pod, { generation, switchedAt, watched }: Change): readonly PodTouch[] {
  // Nobody else serves at the first generation.
  if (generation === 1) return [];
  const told = readTouch(pod.metadata.annotations);
  const { name, uid = '' } = pod.metadata;
  const elapsedMs = o.now - switchedAt;
  const attempt = attemptAt(elapsedMs, watched);
  const touched = { name, uid, value: touchValue({ generation, attempt }) };
  // A pod that starts after a switch reads the new file.
  const startsAfter = timeMs(pod.metadata.creationTimestamp) >= switchedAt + CREATION_SLACK_MS;
  if (told.generation !== generation && !startsAfter) return [touched];
  const reported = o.acknowledged.get(uid);
  const stale = reported !== undefined && reported < generation;
  const before = told.generation === generation ? told.attempt : 0;
  return stale && (watched || elapsedMs < FRESH_MS) && attempt > before ? [touched] : [];
}

/** How often a pod should have been told by now; once the switch is long ago, every ten seconds, where somebody watches. */
function attemptAt(elapsedMs: number, watched: boolean): number {
  if (elapsedMs < FRESH_MS) return AGAIN_AFTER_MS.filter((after) => elapsedMs >= after).length;
  return watched ? Math.floor(elapsedMs / FRESH_MS) * 10 : 0;
}

function inquiry(
  o: Observed,
  pods: readonly Pod[],
  generation: number,
  switchedAt: number,
): Pick<Switch, 'inquiry' | 'againAt'> {
  if (generation === 1 || o.now - switchedAt >= FRESH_MS) return { inquiry: undefined, againAt: undefined };
  const asked = pods.flatMap(({ metadata, status }) => {
    const ip = status?.podIP;
    const done = o.acknowledged.get(metadata.uid ?? '') === generation;
    return ip === undefined || done ? [] : [{ uid: metadata.uid ?? '', ip }];
  });
  if (asked.length === 0) return { inquiry: undefined, againAt: undefined };
  const next = AGAIN_AFTER_MS.find((after) => switchedAt + after > o.now);
  return {
    inquiry: { generation, pods: asked },
    againAt: next === undefined ? undefined : switchedAt + next,
  };
}
