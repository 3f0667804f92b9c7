import type { ContainerStatus, Pod } from '#operator/kube/index.ts';
import type { Applied } from './applied.ts';

export interface PodView {
  readonly name: string;
  readonly state: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly node: string | undefined;
  readonly since: string | undefined;
  /** What it says that it does with requests; undefined where it was not asked. */
  readonly applied: Applied | undefined;
}

export function podView(pod: Pod, applied?: Applied): PodView {
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const ready = pod.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false;
  return {
    name: pod.metadata.name,
    state: podState(pod, ready),
    ready: ready && pod.metadata.deletionTimestamp === undefined,
    restarts: containers.reduce((sum, container) => sum + container.restartCount, 0),
    node: pod.spec.nodeName,
    since: pod.metadata.creationTimestamp,
    applied,
  };
}

/** One word, as near to kubectl's STATUS column as a model's pod needs: `pulling the model` is its init container. */
function podState(pod: Pod, ready: boolean): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (pod.status?.reason !== undefined) return pod.status.reason; // Evicted, NodeLost
  const unschedulable = pod.status?.conditions?.find((it) => it.type === 'PodScheduled');
  if (unschedulable?.status === 'False') return unschedulable.reason ?? 'Unschedulable';
  const init = pod.status?.initContainerStatuses?.find((container) => !finished(container));
  if (init !== undefined) return trouble(init) ?? 'Pulling model';
  const failing = pod.status?.containerStatuses
    ?.map((container) => trouble(container))
    .find((reason) => reason !== undefined);
  if (failing !== undefined) return failing;
  if (pod.status?.phase === 'Running') return ready ? 'Ready' : 'Loading model';
  if (pod.status?.phase === 'Pending' && pod.spec.nodeName !== undefined) return 'Starting';
  return pod.status?.phase ?? 'Unknown';
}

function finished(container: ContainerStatus): boolean {
  return container.state?.terminated?.exitCode === 0;
}

function trouble(container: ContainerStatus): string | undefined {
  const { waiting, terminated } = container.state ?? {};
  if (terminated !== undefined && terminated.exitCode !== 0) return terminated.reason ?? 'Error';
  return waiting?.reason === 'PodInitializing' ? undefined : waiting?.reason;
}
