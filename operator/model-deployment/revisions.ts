import { LABEL } from '#contract/names.ts';
import { specHashMatches } from '#operator/api/hashes.ts';
import type { ModelRevision } from '#operator/api/objects.ts';
import type { ConfigMap, Deployment } from '#operator/kube/index.ts';
import {
  MEMORY,
  promotionsSchema,
  rolloutMemorySchema,
  readAnnotation,
  readNumber,
  rejectionSchema,
  timeMs,
  type Promotion,
  type Rejection,
  type RolloutMemory,
} from './annotations.ts';
import { child, ours } from './children.ts';
import { revisionLabel } from './identity.ts';
import type { Observed } from './observed.ts';
import { readTraffic } from './traffic-file.ts';
import { ownTrafficMap, trafficNow } from './traffic-map.ts';

/** A ModelRevision as the decisions see it; `object.metadata.uid` is absent while it is only planned. */
export interface RevisionRecord {
  readonly name: string;
  readonly object: ModelRevision;
  /** 0 where its annotation and its status are lost. */
  readonly number: number;
  /** The spec that it was last resolved for; absent for one that an undo brought back. */
  readonly specHash: string | undefined;
  readonly targetSince: number;
  readonly rejection: Rejection | undefined;
}

/** What the objects say about revisions. */
export interface Facts {
  readonly records: readonly RevisionRecord[];
  /** The highest number ever given. */
  readonly highest: number;
  /** The stable revision's name: what the stable Service selects. */
  readonly stable: string | undefined;
  /** Oldest first; the last one is the stable revision, and the only one without `until`. */
  readonly promotions: readonly Promotion[];
  /** Where the rollout stood when the traffic file was written last. */
  readonly rollout: RolloutMemory;
}

export function readFacts(o: Observed): Facts {
  const records = ours(o, 'ModelRevision').map(readRecord);
  const configMap = ownTrafficMap(o);
  const stable = stableRevision(o, records, configMap);
  return {
    records,
    highest: highestNumber(o, records, configMap),
    stable,
    promotions: promotionsOf(o, records, configMap, stable),
    rollout:
      (configMap === undefined
        ? undefined
        : readAnnotation(configMap.metadata, MEMORY.rollout, rolloutMemorySchema)) ?? {},
  };
}

function readRecord(object: ModelRevision): RevisionRecord {
  const { metadata, status } = object;
  return {
    name: metadata.name,
    object,
    number: readNumber(metadata, MEMORY.revisionNumber) ?? status?.revision ?? 0,
    specHash: metadata.annotations?.[MEMORY.specHash],
    targetSince: readNumber(metadata, MEMORY.targetSince) ?? timeMs(metadata.creationTimestamp),
    rejection: readAnnotation(metadata, MEMORY.rejection, rejectionSchema),
  };
}

/**
 * The stable Service's selector is the truth. Where somebody deleted the Service, or made it select what never was a
 * revision, the traffic file says which one served, so that it is repaired and not replaced.
 */
function stableRevision(
  o: Observed,
  records: readonly RevisionRecord[],
  configMap: ConfigMap | undefined,
): string | undefined {
  const known = (name: string | undefined): name is string =>
    name !== undefined &&
    (records.some((record) => record.name === name) || deploymentOf(o, name) !== undefined);
  const selected = selectedRevision(o);
  const told = readTraffic(configMap)?.stable.revision;
  if (known(selected)) return selected;
  return known(told) ? told : undefined;
}

/** What the stable Service selects, whether or not that is known to be a revision. */
export function selectedRevision(o: Observed): string | undefined {
  const service = child(o, 'Service', o.modelDeployment.metadata.name);
  return service.is === 'ours' || service.is === 'leaving'
    ? service.object.spec.selector?.[LABEL.revision]
    : undefined;
}

function deploymentOf(o: Observed, revision: string): Deployment | undefined {
  const known = child(o, 'Deployment', revision);
  return known.is === 'ours' ? known.object : undefined;
}

function highestNumber(
  o: Observed,
  records: readonly RevisionRecord[],
  configMap: ConfigMap | undefined,
): number {
  // A ModelRevision may be deleted by hand; its Deployment and the ConfigMap still know its number.
  const deployments = ours(o, 'Deployment').map(
    ({ metadata }) => readNumber(metadata, MEMORY.revisionNumber) ?? 0,
  );
  return Math.max(
    0,
    ...records.map(({ number }) => number),
    ...deployments,
    (configMap === undefined ? undefined : readNumber(configMap.metadata, MEMORY.highestRevision)) ?? 0,
    readTraffic(configMap)?.stable.number ?? 0,
    o.modelDeployment.status?.revision ?? 0,
  );
}

function promotionsOf(
  o: Observed,
  records: readonly RevisionRecord[],
  configMap: ConfigMap | undefined,
  stable: string | undefined,
): readonly Promotion[] {
  const kept =
    configMap === undefined
      ? undefined
      : readAnnotation(configMap.metadata, MEMORY.promotions, promotionsSchema);
  const before = kept ?? promotionsFromStatus(records);
  if (stable === undefined) return before;
  return promote(before, stable, o.now);
}

/** Only where the traffic ConfigMap was deleted by hand. */
function promotionsFromStatus(records: readonly RevisionRecord[]): readonly Promotion[] {
  return records
    .filter(({ object }) => object.status?.state === 'Warm' || object.status?.state === 'Retired')
    .toSorted((a, b) => a.number - b.number)
    .map(({ name, object }) => {
      const since = timeMs(object.status?.since);
      return { revision: name, from: since, until: since };
    });
}

/** The list after `revision` became the stable one; unchanged where it is. */
export function promote(
  promotions: readonly Promotion[],
  revision: string,
  now: number,
): readonly Promotion[] {
  const last = promotions.at(-1);
  if (last?.revision === revision && last.until === undefined) return promotions;
  return [
    ...promotions
      .filter((promotion) => promotion.revision !== revision)
      .map(({ revision: earlier, from, until = now }) => ({ revision: earlier, from, until })),
    { revision, from: now },
  ];
}

/**
 * The revision that the spec of now was resolved to: the one with the highest number among those made for a spec, where
 * that was this very spec.
 */
export function resolvedRevision(
  facts: Facts,
  spec: Observed['modelDeployment']['spec'],
): RevisionRecord | undefined {
  const latest = facts.records
    .filter(({ specHash }) => specHash !== undefined)
    .reduce<RevisionRecord | undefined>(
      (best, record) => (best === undefined || record.number > best.number ? record : best),
      undefined,
    );
  return specHashMatches(latest?.specHash, spec) ? latest : undefined;
}

export function findRecord(facts: Facts, name: string | undefined): RevisionRecord | undefined {
  return facts.records.find((record) => record.name === name);
}

/** Whether it failed and was not stable since; what failed in the moment of its promotion failed after it. */
export function isRejected({ name, rejection }: RevisionRecord, promotions: readonly Promotion[]): boolean {
  if (rejection === undefined) return false;
  const served = promotions.find(({ revision }) => revision === name);
  return served === undefined || rejection.at >= served.from;
}

/** Pods of a revision that stay; an evicted one's remains are not among them. */
export function podsOf(o: Observed, revision: string): Observed['pods'] {
  return o.pods.filter(
    ({ metadata, status }) =>
      revisionLabel(metadata) === revision &&
      metadata.deletionTimestamp === undefined &&
      status?.phase !== 'Failed' &&
      status?.phase !== 'Succeeded',
  );
}

export function isReady(pod: Observed['pods'][number]): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

export function readyPods(o: Observed, revision: string): number {
  return podsOf(o, revision).filter(isReady).length;
}

/** When a pod's readiness last changed. */
export function readyAt({ status }: Observed['pods'][number]): number {
  return timeMs(status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime);
}

/**
 * Ready pods of a candidate, as far as its Deployment made them: those of an earlier Deployment of the same revision are
 * about to end.
 */
export function readyOf(o: Observed, candidate: string): number {
  const known = child(o, 'Deployment', candidate);
  if (known.is !== 'ours') return 0;
  const from = timeMs(known.object.metadata.creationTimestamp);
  return podsOf(o, candidate).filter((pod) => isReady(pod) && timeMs(pod.metadata.creationTimestamp) >= from)
    .length;
}

/** The number that a revision has; where its ModelRevision is gone, the highest that anything else remembers of it. */
export function numberOf(facts: Facts, o: Observed, revision: string): number | undefined {
  const record = findRecord(facts, revision);
  if (record !== undefined && record.number > 0) return record.number;
  const deployment = child(o, 'Deployment', revision);
  const told = trafficNow(o)?.stable;
  const { status } = o.modelDeployment;
  const highest = Math.max(
    (deployment.is === 'ours' ? readNumber(deployment.object.metadata, MEMORY.revisionNumber) : 0) ?? 0,
    told?.revision === revision ? told.number : 0,
    status?.stableRevision === revision ? (status.revision ?? 0) : 0,
  );
  return highest > 0 ? highest : undefined;
}
