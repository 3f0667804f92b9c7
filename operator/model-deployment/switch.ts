import { sha256 } from '#contract/canonical.ts';
import type { Traffic } from '#contract/traffic.ts';
import type { ConfigMap, Pod } from '#operator/kube/index.ts';
import type { Action, Inquiry, PodTouch } from './action.ts';
import { MEMORY, readNumber, timeMs, type Promotion } from './annotations.ts';
import { child } from './children.ts';
import { ownerOf, revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import { trafficConfigMap } from './resources/traffic.ts';
import { readTouch, readTraffic, revisionUrl, touchValue, trafficName } from './traffic-file.ts';
import { keep } from './upkeep.ts';

/** For this long after a switch the operator asks the pods what they have applied. */
export const FRESH_MS = 10_000;
/** Seconds after a switch at which a pod that still has an older file is told once more. */
const AGAIN_AFTER_S = [1, 2, 4, 8] as const;
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

/** The generation of the file that names `stable`; 0 where it cannot be written. */
export function generationFor(o: Observed, stable: string): number {
  const known = child(o, 'ConfigMap', trafficName(ownerOf(o.modelDeployment)));
  if (known.is === 'obstructed' || known.is === 'leaving') return 0;
  const before = readTraffic(known.is === 'ours' ? known.object : undefined);
  return trafficFor(o, before, { revision: stable, number: 1 }).generation;
}

/** Writes the traffic file for `stable`, tells the pods, and tells those again that report an older file. */
export function decideSwitch(
  o: Observed,
  stable: { readonly revision: string; readonly number: number },
  memory: { readonly highest: number; readonly remember: boolean; readonly promotions: readonly Promotion[] },
  live: ReadonlySet<string>,
): Switch {
  const owner = ownerOf(o.modelDeployment);
  const known = child(o, 'ConfigMap', trafficName(owner));
  if (known.is === 'obstructed' || known.is === 'leaving') {
    return { generation: 0, actions: [], inquiry: undefined, againAt: undefined };
  }
  const before = readTraffic(known.is === 'ours' ? known.object : undefined);
  const traffic = trafficFor(o, before, stable);
  const { promotions } = memory;
  const highest = highestToKeep(known.is === 'ours' ? known.object : undefined, memory, traffic !== before);
  const wanted = trafficConfigMap(owner, traffic, { highest, promotions: bounded(promotions, o) });
  const pods = o.pods.filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined && live.has(revisionLabel(metadata) ?? ''),
  );
  const switchedAt = promotions.at(-1)?.from ?? o.now;
  const touches = pods.flatMap((pod) => touch(o, pod, traffic.generation, switchedAt));
  return {
    generation: traffic.generation,
    actions: [
      ...keep('ConfigMap', known, wanted),
      ...(touches.length === 0 ? [] : [{ verb: 'touchPods' as const, pods: touches }]),
    ],
    ...inquiry(o, pods, traffic.generation, switchedAt),
  };
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

/** The same file while the same revision is stable; else the next generation, above all that any pod was told. */
function trafficFor(
  o: Observed,
  before: Traffic | undefined,
  stable: { readonly revision: string; readonly number: number },
): Traffic {
  const url = revisionUrl(ownerOf(o.modelDeployment), stable.revision);
  if (before !== undefined && before.stable.revision === stable.revision && before.stable.url === url)
    return before;
  const told = o.pods.map(({ metadata }) => readTouch(metadata.annotations).generation);
  const generation = Math.max(before?.generation ?? 0, ...told) + 1;
  const token = before?.token ?? forwardingToken(o.modelDeployment.metadata.uid ?? '');
  return { formatVersion: 1, generation, token, stable: { ...stable, url } };
}

/** Not guessed by a client, and the same at each look: planning stays pure, and no Secret has to be kept. */
function forwardingToken(uid: string): string {
  return sha256(`forwarded requests of ${uid}`).slice(0, 32);
}

/** Only revisions that can still be undone to matter, and the latest of the others. */
function bounded(promotions: readonly Promotion[], o: Observed): readonly Promotion[] {
  return promotions.slice(-(o.modelDeployment.spec.history.limit + 4));
}

function touch(o: Observed, pod: Pod, generation: number, switchedAt: number): readonly PodTouch[] {
  // Nobody else serves at the first generation, and a pod that starts after a switch reads the new file.
  const startsAfter = timeMs(pod.metadata.creationTimestamp) >= switchedAt + CREATION_SLACK_MS;
  if (generation === 1 || startsAfter) return [];
  const told = readTouch(pod.metadata.annotations);
  const { name, uid = '' } = pod.metadata;
  const value = (attempt: number): readonly PodTouch[] => [
    { name, uid, value: touchValue({ generation, attempt }) },
  ];
  const attempt = attemptAt(o.now - switchedAt);
  if (told.generation !== generation) return value(attempt);
  const reported = o.acknowledged.get(uid);
  const stale = reported !== undefined && reported < generation;
  const fresh = o.now - switchedAt < FRESH_MS;
  return stale && fresh && attempt > told.attempt ? value(attempt) : [];
}

function attemptAt(elapsedMs: number): number {
  return elapsedMs >= FRESH_MS ? 0 : (AGAIN_AFTER_S.findLast((seconds) => elapsedMs >= seconds * 1000) ?? 0);
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
  const next = AGAIN_AFTER_S.find((seconds) => switchedAt + seconds * 1000 > o.now);
  return {
    inquiry: { generation, pods: asked },
    againAt: next === undefined ? undefined : switchedAt + next * 1000,
  };
}
