import type { ModelRollback } from '#operator/api/objects.ts';
import type { KubeObject, Ref, Store } from '#operator/kube/index.ts';
import type { DriftReading } from '#operator/drift/index.ts';
import type { Monitoring } from '#operator/rollout/readings.ts';
import type { SourceState } from '#operator/source/index.ts';
import { specHash } from '#operator/api/hashes.ts';
import { MEMORY } from './annotations.ts';
import { BY_MODEL_DEPLOYMENT, type Caches } from './caches.ts';
import type { Obstacles } from './obstacles.ts';
import type { Observed, OperatorSettings } from './observed.ts';

export interface Readings {
  readonly caches: Caches;
  readonly settings: OperatorSettings;
  readonly obstacles: Obstacles;
  readonly source: (modelDeploymentUid: string, specHash: string) => SourceState;
  readonly acknowledged: (modelDeploymentUid: string) => ReadonlyMap<string, number>;
  readonly monitoring: (modelDeploymentUid: string) => Monitoring;
  readonly drift: (modelDeploymentUid: string) => DriftReading;
  readonly statusWrittenAt: (modelDeploymentUid: string) => number | undefined;
}

/** Everything that a decision about one ModelDeployment needs, read once; undefined where there is none. */
export function gather(key: Ref, readings: Readings, now: number): Observed | undefined {
  const { caches, obstacles } = readings;
  const modelDeployment = caches.modelDeployments.get(key);
  if (modelDeployment === undefined) return undefined;
  const uid = modelDeployment.metadata.uid ?? '';
  const of = <T extends KubeObject>(store: Store<T>): readonly T[] =>
    store.byIndex(BY_MODEL_DEPLOYMENT, `${key.namespace}/${key.name}`);
  const rollbacks = of(caches.modelRollbacks);
  const monitoring = readings.monitoring(uid);
  return {
    now,
    settings: readings.settings,
    modelDeployment,
    revisions: of(caches.modelRevisions),
    rollbacks,
    strangers: strangers(key, rollbacks, caches),
    deployments: of(caches.deployments),
    services: of(caches.services),
    configMaps: of(caches.configMaps),
    budgets: of(caches.budgets),
    autoscalers: of(caches.autoscalers),
    jobs: of(caches.jobs),
    cronJobs: of(caches.cronJobs),
    pods: of(caches.pods),
    source: readings.source(uid, specHash(modelDeployment.spec)),
    acknowledged: latest(readings.acknowledged(uid), monitoring),
    obstacles: obstacles.of(uid, modelDeployment.metadata.generation ?? 0, now),
    monitoring,
    drift: readings.drift(uid),
    statusWrittenAt: readings.statusWrittenAt(uid),
  };
}

/** The traffic generation that each pod reported last, whoever asked it. */
function latest(
  acknowledged: ReadonlyMap<string, number>,
  { samples }: Monitoring,
): ReadonlyMap<string, number> {
  const all = new Map(acknowledged);
  for (const { uid, report } of samples) {
    const generation = report.generation ?? 0;
    if (generation > (all.get(uid) ?? -1)) all.set(uid, generation);
  }
  return all;
}

/** Revisions of other ModelDeployments that a rollback asks for by name. */
function strangers(
  { namespace, name }: Ref,
  rollbacks: readonly ModelRollback[],
  caches: Caches,
): ReadonlyMap<string, string> {
  const unbound = rollbacks.filter(({ metadata }) => metadata.annotations?.[MEMORY.binding] === undefined);
  return new Map(
    unbound.flatMap(({ spec: { toRevision } }) => {
      if (typeof toRevision !== 'string') return [];
      const owner = caches.modelRevisions.get({ namespace, name: toRevision })?.spec.modelDeployment;
      return owner === undefined || owner === name ? [] : [[toRevision, owner] as const];
    }),
  );
}
