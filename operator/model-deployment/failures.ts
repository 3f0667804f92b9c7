import { parseTerminationMessage, type Failure, type FailureReason } from '#contract/failure.ts';
import type { Container, ContainerStatus, Deployment, Pod } from '#operator/kube/index.ts';
import { timeMs } from './annotations.ts';
import type { SeenFailure } from './observed.ts';

/** Another try with the same content gives the same answer: these reject a candidate at once. */
const FINAL: ReadonlySet<FailureReason> = new Set([
  'OutOfMemory',
  'DigestMismatch',
  'InvalidManifest',
  'UnsafeModel',
  'SchemaIncompatible',
  'LoadFailed',
  'CheckFailed',
]);

export function isFinal(reason: FailureReason): boolean {
  return FINAL.has(reason);
}

/**
 * What keeps a revision's pods from being ready: the worst of what its pods and its Deployment show, or undefined.
 * A final failure is worse than one that may pass; among equals the first pod by name speaks.
 */
export function seenFailure(
  pods: readonly Pod[],
  deployment: Deployment | undefined,
): SeenFailure | undefined {
  const fromPods = pods
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((pod) => podFailure(pod) ?? []);
  const failures = [...fromPods, ...refusedPods(deployment)].map(({ reason, message }) => ({
    reason,
    message,
    final: isFinal(reason),
  }));
  return failures.find(({ final }) => final) ?? failures[0];
}

function podFailure(pod: Pod): Failure | undefined {
  const statuses = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ].filter(({ ready }) => !ready);
  for (const status of statuses) {
    const failure = containerFailure(pod, status);
    if (failure !== undefined) return failure;
  }
  return unschedulable(pod);
}

const IMAGE_PULL = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
]);
const CANNOT_START = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);

function containerFailure(pod: Pod, status: ContainerStatus): Failure | undefined {
  const where = `container ${status.name} of pod ${pod.metadata.name}`;
  const waiting = status.state?.waiting;
  if (waiting?.reason !== undefined && IMAGE_PULL.has(waiting.reason))
    return imagePull(pod, status.name, where, waiting.message);
  if (waiting?.reason !== undefined && CANNOT_START.has(waiting.reason)) {
    return fail(
      'CrashLoop',
      `The ${where} cannot start: ${said(waiting.message, waiting.reason)}. See kubectl describe pod ${pod.metadata.name}.`,
    );
  }
  const ended = status.state?.terminated ?? status.lastState?.terminated;
  if (ended === undefined || (ended.exitCode === 0 && ended.reason !== 'OOMKilled')) return undefined;
  if (ended.reason === 'OOMKilled') return outOfMemory(pod, status.name, where);
  return parseTerminationMessage(ended.message) ?? crash(pod, status, where, ended);
}

/** What the kubelet says of a container that was gone when its node came back. */
const LOST_WITH_NODE = 255;
/** Kubernetes cuts its times to seconds. */
const WHOLE_SECOND_MS = 1_000;
/** As many restarts of all pods together, and it is no accident. */
const CRASHES = 2;

/** What pods that were ready show of crashes since a time, whether or not they are ready again: a candidate's fault, unlike an eviction. */
export function crashes(pods: readonly Pod[], since: number): Failure | undefined {
  const ended = pods.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).flatMap((status) => {
      const last = status.state?.terminated ?? status.lastState?.terminated;
      const counts = last !== undefined && last.exitCode !== 0 && last.exitCode !== LOST_WITH_NODE;
      return counts && timeMs(last.finishedAt) + WHOLE_SECOND_MS > since ? [{ pod, status, last }] : [];
    }),
  );
  const memory = ended.find(({ last }) => last.reason === 'OOMKilled');
  if (memory !== undefined) {
    const { pod, status } = memory;
    return outOfMemory(pod, status.name, `container ${status.name} of pod ${pod.metadata.name}`);
  }
  const [first] = ended;
  const restarts = ended.reduce((sum, { status }) => sum + status.restartCount, 0);
  if (first === undefined || restarts < CRASHES) return undefined;
  const { pod, status, last } = first;
  return crash(pod, status, `container ${status.name} of pod ${pod.metadata.name}`, last);
}

function specOf(pod: Pod, container: string): Container | undefined {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(({ name }) => name === container);
}

function imagePull(pod: Pod, container: string, where: string, message: string | undefined): Failure {
  return fail(
    'ImagePullFailed',
    `The image ${specOf(pod, container)?.image ?? ''} of ${where} cannot be pulled: ${said(message, 'no further message')}. ` +
      'Check its name, the registry, and serving.pod.imagePullSecrets.',
  );
}

function outOfMemory(pod: Pod, container: string, where: string): Failure {
  const limit = specOf(pod, container)?.resources?.limits?.['memory'];
  const at =
    limit === undefined ? 'it has no memory limit, so the node ran out' : `its memory limit is ${limit}`;
  return fail(
    'OutOfMemory',
    `The ${where} was killed for memory: ${at}. Raise serving.resources.limits.memory, or serve a smaller model.`,
  );
}

function crash(
  pod: Pod,
  status: ContainerStatus,
  where: string,
  ended: { readonly exitCode: number; readonly reason?: string; readonly message?: string },
): Failure {
  const last = said(ended.message?.trim().split('\n').at(-1), 'it left no message');
  const logs = `kubectl logs ${pod.metadata.name} -c ${status.name} --previous`;
  return fail(
    'CrashLoop',
    `The ${where} ended with exit code ${ended.exitCode} (${ended.reason ?? 'Error'}; ${status.restartCount} restarts): ${last}. See ${logs}.`,
  );
}

function unschedulable(pod: Pod): Failure | undefined {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False' || condition.reason !== 'Unschedulable') return undefined;
  const message = said(condition.message, 'the scheduler gives no reason');
  return fail('Unschedulable', `No node can hold pod ${pod.metadata.name}: ${message} ${advice(message)}`);
}

/** The scheduler's words -> what to do. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/(nvidia|amd|intel)\.com\//, 'Add a node with a free GPU, or ask for none in serving.resources.'],
  [
    /persistentvolumeclaim/i,
    'Create the PersistentVolumeClaim that serving.cache names, or leave serving.cache out.',
  ],
  [/untolerated taint/i, 'Add serving.pod.tolerations for the taint, or a node without it.'],
  [/affinity|selector/i, 'Mend serving.pod.nodeSelector or affinity, or label a node.'],
  [/Insufficient/, 'Ask for less in serving.resources.requests, or add a node.'],
];

function advice(message: string): string {
  return (
    ADVICE.find(([pattern]) => pattern.test(message))?.[1] ??
    'Mend serving.resources or serving.pod, or add a node.'
  );
}

/** The Deployment's own word that it may not make pods. */
function refusedPods(deployment: Deployment | undefined): readonly Failure[] {
  const condition = deployment?.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (condition === undefined) return [];
  const message = said(condition.message, condition.reason ?? 'no reason given');
  return [refusal(message, `pods of Deployment ${deployment?.metadata.name ?? ''}`)];
}

/** Why the API server refuses an object: a quota, or a policy. */
export function refusal(message: string, what: string): Failure {
  if (isQuota(message)) {
    return fail(
      'QuotaExceeded',
      `A quota refuses ${what}: ${message}. Raise the ResourceQuota, free some of it, or ask for less in serving.resources.`,
    );
  }
  return fail(
    'Unschedulable',
    `The API server refuses ${what}: ${message}. Mend serving.pod or serving.resources, or the policy that refuses them.`,
  );
}

export function isQuota(message: string): boolean {
  return /exceeded quota|failed quota/i.test(message);
}

/** Whether room would help: then warm revisions give theirs up. */
export function wantsRoom(failure: Failure | undefined): boolean {
  if (failure === undefined) return false;
  return (
    failure.reason === 'QuotaExceeded' ||
    (failure.reason === 'Unschedulable' && /Insufficient|Too many pods/i.test(failure.message))
  );
}

function said(message: string | undefined, otherwise: string): string {
  const text = (message ?? '').trim();
  return (text === '' ? otherwise : text).slice(0, 1000);
}

function fail(reason: FailureReason, message: string): Failure {
  return { reason, message: message.slice(0, 2000) };
}
