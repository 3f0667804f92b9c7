import { isDeepStrictEqual } from 'node:util';
import { ANNOTATION } from '#contract/names.ts';
import type { ObjectMeta } from '#operator/api/objects.ts';
import type {
  Container,
  ContainerStatus,
  Deployment,
  Job,
  KubeObject,
  Pod,
  PodSpec,
} from '#operator/kube/index.ts';

/** Annotations that are long, and that no decision reads from a cached object. */
const UNREAD_ANNOTATIONS: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  ANNOTATION.artifact,
]);

/** Metadata without managedFields and without long annotations: half the size of a typical object. */
export function trimMetadata<T extends KubeObject>(object: T): T {
  return { ...object, metadata: metadataOf(object.metadata) };
}

function metadataOf(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } =
    metadata;
  const { labels, annotations, ownerReferences } = metadata;
  const read = Object.entries(annotations ?? {}).filter(([key]) => !UNREAD_ANNOTATIONS.has(key));
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(generation === undefined ? {} : { generation }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(labels === undefined ? {} : { labels }),
    ...(read.length === 0 ? {} : { annotations: Object.fromEntries(read) }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  };
}

/** Without the status, which others write and no decision reads. */
export function trimStatus<T extends KubeObject>(object: T): T {
  const { status: _, ...rest }: T & { readonly status?: unknown } = trimMetadata(object);
  return rest as T;
}

/** A pod template is written once and never read back: what it says is in the ModelRevision. */
export function trimDeployment(object: Deployment): Deployment {
  const { template: _, ...spec } = object.spec;
  return { ...trimMetadata(object), spec: { ...spec, template: { spec: { containers: [] } } } };
}

export function trimJob(object: Job): Job {
  const { template: _, ...spec } = object.spec;
  return { ...trimMetadata(object), spec: { ...spec, template: { spec: { containers: [] } } } };
}

/** Of a pod: where it is, what it asks for, and how its containers do. */
export function trimPod(object: Pod): Pod {
  const { status } = object;
  const trimmed = { ...trimMetadata(object), spec: podSpec(object.spec) };
  if (status === undefined) return trimmed;
  const { phase, reason, message, podIP, startTime, conditions, initContainerStatuses, containerStatuses } =
    status;
  return {
    ...trimmed,
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(startTime === undefined ? {} : { startTime }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(initContainerStatuses === undefined
        ? {}
        : { initContainerStatuses: initContainerStatuses.map(containerStatus) }),
      ...(containerStatuses === undefined
        ? {}
        : { containerStatuses: containerStatuses.map(containerStatus) }),
    },
  };
}

function podSpec({ containers, initContainers, nodeName }: PodSpec): PodSpec {
  return {
    containers: containers.map(container),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(container) }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function container({ name, image, resources }: Container): Container {
  return { name, image, ...(resources === undefined ? {} : { resources }) };
}

function containerStatus({
  name,
  image,
  ready,
  restartCount,
  state,
  lastState,
}: ContainerStatus): ContainerStatus {
  return {
    name,
    ready,
    restartCount,
    ...(image === undefined ? {} : { image }),
    ...(state === undefined ? {} : { state }),
    ...(lastState === undefined ? {} : { lastState }),
  };
}

/** Two states of an object that differ in nothing that was kept: somebody wrote what no decision reads. */
export function saysTheSame(before: KubeObject, after: KubeObject): boolean {
  const { resourceVersion: _, ...earlier } = before.metadata;
  const { resourceVersion: __, ...later } = after.metadata;
  return (
    isDeepStrictEqual(earlier, later) &&
    isDeepStrictEqual({ ...before, metadata: null }, { ...after, metadata: null })
  );
}
