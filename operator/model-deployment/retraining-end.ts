import type { Job, Pod } from '#operator/kube/index.ts';
import { timeMs } from './annotations.ts';
import { seenFailure } from './failures.ts';
import { NO_BETTER_MODEL } from './resources/retraining-job.ts';

export interface JobEnd {
  readonly result: 'Succeeded' | 'Failed';
  readonly message: string | undefined;
}

const MOST_WORDS = 1000;
const BECAUSE = 'It trains because of';

function condition(job: Job) {
  return job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

export function hasEnded(job: Job): boolean {
  return condition(job) !== undefined;
}

/** How a Job ended, in its own words and its last pod's; undefined while it runs. `trouble`: what kept it from running. */
export function jobEnd(job: Job, pods: readonly Pod[], trouble?: string): JobEnd | undefined {
  const end = condition(job);
  if (end === undefined) return undefined;
  const last = lastTerminated(job, pods);
  const words = last?.message?.trim();
  const said = words === undefined || words === '' ? undefined : words.slice(-MOST_WORDS);
  if (end.type === 'Complete') return { result: 'Succeeded', message: said };
  if (end.reason === 'DeadlineExceeded') {
    const limit = `It was not done within ${job.spec.activeDeadlineSeconds ?? '?'} s and was ended`;
    const next =
      trouble === undefined
        ? '. Raise retraining.job.timeout, give it more in retraining.job.resources, or train on less.'
        : `, and last seen waiting: ${trouble}`;
    return { result: 'Failed', message: `${limit}${next}` };
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

/** What a Job that drift began says until there is more to say. */
export function becauseOf(drifted: readonly string[]): string {
  return `${BECAUSE} ${drifted.slice(0, 10).join(', ')}.`;
}

/**
 * What keeps a Job's pod from running: an image that cannot be pulled, no room on any node. What was said before stands
 * while there is no pod to ask, as after its time was up.
 */
export function runningMessage(
  job: Job,
  pods: readonly Pod[],
  before: string | undefined,
): string | undefined {
  const its = podsOfJob(job, pods);
  const stands = its.length === 0 || lastTrouble(before) === undefined;
  return seenFailure(its, undefined)?.message ?? (stands ? before : undefined);
}

/** What kept a Job from running when that was seen last. */
export function lastTrouble(before: string | undefined): string | undefined {
  return before?.startsWith(BECAUSE) === true ? undefined : before;
}

function exitText(
  last: { readonly exitCode: number; readonly reason?: string },
  said: string | undefined,
): string {
  if (last.reason === 'OOMKilled') {
    return 'the training program was killed for memory: raise retraining.job.resources.limits.memory.';
  }
  return `the training program ended with exit code ${last.exitCode}${said === undefined ? ' and no message.' : `: ${said}`}`;
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
