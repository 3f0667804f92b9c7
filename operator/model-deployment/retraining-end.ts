import type { Job, Pod } from '#operator/kube/index.ts';
import { timeMs } from './annotations.ts';
import { seenFailure } from './failures.ts';
import { NO_BETTER_MODEL } from './resources/retraining-job.ts';

export interface JobEnd {
  readonly result: 'Succeeded' | 'Failed';
  readonly message: string | undefined;
}

const MOST_WORDS = 1000;

function condition(job: Job) {
  return job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

export function hasEnded(job: Job): boolean {
  return condition(job) !== undefined;
}

/** How a Job ended, in its own words and its last pod's; undefined while it runs. */
export function jobEnd(job: Job, pods: readonly Pod[]): JobEnd | undefined {
  const end = condition(job);
  if (end === undefined) return undefined;
  const last = lastTerminated(job, pods);
  const words = last?.message?.trim();
  const said = words === undefined || words === '' ? undefined : words.slice(-MOST_WORDS);
  if (end.type === 'Complete') return { result: 'Succeeded', message: said };
  if (end.reason === 'DeadlineExceeded') {
    const limit = job.spec.activeDeadlineSeconds;
    return {
      result: 'Failed',
      message: `It ran for more than ${limit ?? '?'} s and was ended. Raise retraining.job.timeout, give it more in retraining.job.resources, or train on less.`,
    };
  }
  if (end.reason === 'PodFailurePolicy') {
    const why = said === undefined ? '.' : `: ${asSentence(said)}`;
    return {
      result: 'Failed',
      message: `The training program found no better model, exit code ${NO_BETTER_MODEL}, and is not tried again${why} See kubectl logs job/${job.metadata.name}.`,
    };
  }
  const exit = last === undefined ? (end.message ?? 'it left no message') : exitText(last, said);
  return {
    result: 'Failed',
    message: `${end.reason ?? 'Failed'}: ${asSentence(exit)} See kubectl logs job/${job.metadata.name}.`,
  };
}

/** What keeps a Job's pod from running: an image that cannot be pulled, no room on any node. */
export function runningMessage(job: Job, pods: readonly Pod[]): string | undefined {
  return seenFailure(podsOfJob(job, pods), undefined)?.message;
}

function exitText(
  last: { readonly exitCode: number; readonly reason?: string },
  said: string | undefined,
): string {
  if (last.reason === 'OOMKilled') {
    return 'the training program was killed for memory: raise retraining.job.resources.limits.memory.';
  }
  return `the training program ended with exit code ${last.exitCode}${said === undefined ? ' and no message.' : `: ${asSentence(said)}`}`;
}

/** With a full stop: more is said behind it. */
function asSentence(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

function podsOfJob(job: Job, pods: readonly Pod[]): readonly Pod[] {
  return pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
}

function lastTerminated(job: Job, pods: readonly Pod[]) {
  return podsOfJob(job, pods)
    .flatMap(({ status }) =>
      (status?.containerStatuses ?? []).flatMap(({ state }) => state?.terminated ?? []),
    )
    .toSorted((a, b) => timeMs(a.finishedAt) - timeMs(b.finishedAt))
    .at(-1);
}
