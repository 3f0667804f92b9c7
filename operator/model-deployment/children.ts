import type { KubeObject } from '#operator/kube/index.ts';
import { isControlledBy, ownerOf } from './identity.ts';
import type { ChildKind, Observed, Obstacle } from './observed.ts';

/** What is known of a child by its name. */
export type Child<T extends KubeObject> =
  | { readonly is: 'absent' }
  | { readonly is: 'ours'; readonly object: T }
  /** Being deleted: nothing can be made under that name until it is gone. */
  | { readonly is: 'leaving'; readonly object: T }
  | { readonly is: 'obstructed'; readonly obstacle: Obstacle };

const objectsOf = {
  ModelRevision: (o: Observed) => o.revisions,
  ModelRollback: (o: Observed) => o.rollbacks,
  Deployment: (o: Observed) => o.deployments,
  Service: (o: Observed) => o.services,
  ConfigMap: (o: Observed) => o.configMaps,
  PodDisruptionBudget: (o: Observed) => o.budgets,
  HorizontalPodAutoscaler: (o: Observed) => o.autoscalers,
  Job: (o: Observed) => o.jobs,
  CronJob: (o: Observed) => o.cronJobs,
} satisfies Record<ChildKind, (o: Observed) => readonly KubeObject[]>;

type ObjectOf<K extends ChildKind> = ReturnType<(typeof objectsOf)[K]>[number];

export function child<K extends ChildKind>(o: Observed, kind: K, name: string): Child<ObjectOf<K>> {
  const objects: readonly ObjectOf<K>[] = objectsOf[kind](o);
  const object = objects.find(({ metadata }) => metadata.name === name);
  if (object === undefined) {
    const obstacle = o.obstacles.find((known) => known.kind === kind && known.name === name);
    return obstacle === undefined || obstacle.retryAt <= o.now
      ? { is: 'absent' }
      : { is: 'obstructed', obstacle };
  }
  const owner = ownerOf(o.modelDeployment);
  if (!isControlledBy(object.metadata, owner.uid))
    return { is: 'obstructed', obstacle: foreign(kind, object) };
  return object.metadata.deletionTimestamp === undefined ? { is: 'ours', object } : { is: 'leaving', object };
}

/** Children of a kind that are ours and stay. */
export function ours<K extends ChildKind>(o: Observed, kind: K): readonly ObjectOf<K>[] {
  const objects: readonly ObjectOf<K>[] = objectsOf[kind](o);
  const { uid } = ownerOf(o.modelDeployment);
  return objects.filter(
    ({ metadata }) => isControlledBy(metadata, uid) && metadata.deletionTimestamp === undefined,
  );
}

/** An object whose name Windlass needs and that it does not control. */
export function foreign(kind: ChildKind, object: KubeObject): Obstacle {
  const { name, namespace = '', ownerReferences } = object.metadata;
  const controller = ownerReferences?.find((reference) => reference.controller === true);
  const whose =
    controller === undefined
      ? 'nobody controls it'
      : `${controller.kind} ${controller.name} (uid ${controller.uid}) controls it`;
  return {
    kind,
    name,
    reason: 'ForeignObject',
    message:
      `${kind} ${namespace}/${name} exists and is not this ModelDeployment's: ${whose}. Windlass leaves it as it is. ` +
      `Delete or rename it (kubectl delete ${kind.toLowerCase()} ${name}), or give the ModelDeployment another name.`,
    retryAt: Number.POSITIVE_INFINITY,
  };
}
