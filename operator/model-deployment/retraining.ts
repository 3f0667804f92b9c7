import { isDeepStrictEqual } from 'node:util';
import { LABEL } from '#contract/names.ts';
import {
  RETRAINING_REASONS,
  type RetrainingReason,
  type RetrainingSettings,
  type RetrainingStatus,
} from '#operator/api/retraining-settings.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { CronJob, Job } from '#operator/kube/index.ts';
import type { Action } from './action.ts';
import {
  isoTime,
  MEMORY,
  readAnnotation,
  retrainingMemorySchema,
  timeMs,
  type RetrainingMemory,
} from './annotations.ts';
import { child, ours } from './children.ts';
import { covers } from './covers.ts';
import { isControlledBy, isRetraining, ownerOf } from './identity.ts';
import { mergePatch } from './merge-patch.ts';
import type { Observed } from './observed.ts';
import { becauseOf, hasEnded, jobEnd, lastTrouble, runningMessage } from './retraining-end.ts';
import {
  driftJob,
  KEPT_JOBS,
  NEVER,
  retrainingCronJob,
  retrainingJobName,
  type RetrainingContext,
} from './resources/retraining-job.ts';
import type { StableModel } from './resources/stable-environment.ts';
import { findRecord, type Facts } from './revisions.ts';
import { remove } from './upkeep.ts';

/** What the rest of the plan found, as far as retraining needs it. */
export interface RetrainingGround {
  readonly stable: StableModel | undefined;
  /** Features that have drifted now. */
  readonly drifted: readonly string[];
  /** A candidate is on its way, or the stable revision is still watched: whatever was trained last is being judged. */
  readonly isRollingOut: boolean;
}

export interface RetrainingDecision {
  readonly actions: readonly Action[];
  readonly status: RetrainingStatus | undefined;
  /** When a cooldown ends that drift waits for. */
  readonly againAt: number | undefined;
}

/** Which Jobs train, and what became of the last one. Pure; the same after a restart, because the objects remember. */
export function decideRetraining(o: Observed, ground: RetrainingGround): RetrainingDecision {
  const settings = o.modelDeployment.spec.retraining;
  const known = child(o, 'CronJob', ownerOf(o.modelDeployment).name);
  const cronJob = known.is === 'ours' ? known.object : undefined;
  if (settings === undefined) return withoutRetraining(o, cronJob);
  const jobs = retrainingJobs(o, cronJob);
  const latest = jobs.at(-1);
  const before = memoryOf(o, cronJob);
  const context = {
    owner: ownerOf(o.modelDeployment),
    spec: o.modelDeployment.spec,
    settings,
    stable: ground.stable,
  };
  const due = whenDue(o, settings, ground, jobs, remembered(before, latest));
  const starts = due !== undefined && due <= o.now ? startFor(o, context, ground, before, latest) : undefined;
  const memory = starts?.memory ?? remembered(before, latest);
  const isHeld = starts !== undefined || jobs.some((job) => !hasEnded(job) && reasonOf(job) !== 'schedule');
  return {
    actions: [
      ...(starts === undefined ? [] : [{ verb: 'create', kind: 'Job', object: starts.job } as const]),
      ...(isRefused(o) ? [] : keepCronJob(cronJob, known.is === 'absent', context, memory, isHeld)),
      ...garbage(o),
    ],
    status: starts?.status ?? statusOf(o, latest),
    againAt: due !== undefined && due > o.now ? due : undefined,
  };
}

/** Taken out of the spec: its Jobs end with it. */
function withoutRetraining(o: Observed, cronJob: CronJob | undefined): RetrainingDecision {
  const jobs = ours(o, 'Job').filter(({ metadata }) => isRetraining(metadata));
  return {
    actions: [
      ...(cronJob === undefined ? [] : [remove('CronJob', cronJob)]),
      ...jobs.map((job) => remove('Job', job)),
    ],
    status: undefined,
    againAt: undefined,
  };
}

/** Ours by their controller: drift's own, and those that the schedule or a person made of the CronJob. Oldest first. */
export function retrainingJobs(o: Observed, cronJob: CronJob | undefined): readonly Job[] {
  const owners = [ownerOf(o.modelDeployment).uid, cronJob?.metadata.uid].filter((uid) => uid !== undefined);
  return o.jobs
    .filter(
      ({ metadata }) =>
        isRetraining(metadata) &&
        metadata.deletionTimestamp === undefined &&
        owners.some((uid) => isControlledBy(metadata, uid)),
    )
    .toSorted(
      (a, b) =>
        timeMs(a.metadata.creationTimestamp) - timeMs(b.metadata.creationTimestamp) ||
        (a.metadata.name < b.metadata.name ? -1 : 1),
    );
}

/** kubectl create job --from=cronjob copies the schedule's label, and says in an annotation who asked. */
const BY_HAND = 'cronjob.kubernetes.io/instantiate';

export function reasonOf({ metadata }: Job): RetrainingReason {
  if (metadata.annotations?.[BY_HAND] === 'manual') return 'manual';
  const label = metadata.labels?.[LABEL.retraining];
  return RETRAINING_REASONS.find((reason) => reason === label) ?? 'manual';
}

/** The stable revision as a training program is told of it. */
export function stableModel(facts: Facts, revision: string | undefined): StableModel | undefined {
  if (revision === undefined) return undefined;
  const { model, artifact } = findRecord(facts, revision)?.object.spec ?? {};
  return { revision, version: model?.version, artifact };
}

/**
 * The later of what the CronJob and the status remember: somebody may have deleted the CronJob, and while the API server
 * refuses its changes it stays behind.
 */
function memoryOf(o: Observed, cronJob: CronJob | undefined): RetrainingMemory | undefined {
  const kept = cronJob && readAnnotation(cronJob.metadata, MEMORY.retraining, retrainingMemorySchema);
  const { retraining } = o.modelDeployment.status ?? {};
  if (retraining === undefined) return kept;
  const told = { jobName: retraining.jobName, startedAt: timeMs(retraining.lastStarted) };
  return kept === undefined || told.startedAt > kept.startedAt ? told : kept;
}

/** With a Job that is newer: one that an operator made that ended before it could note it, or that others made. */
function remembered(
  before: RetrainingMemory | undefined,
  latest: Job | undefined,
): RetrainingMemory | undefined {
  if (latest === undefined || latest.metadata.name === before?.jobName) return before;
  const startedAt = timeMs(latest.metadata.creationTimestamp);
  return before !== undefined && before.startedAt > startedAt
    ? before
    : { jobName: latest.metadata.name, startedAt };
}

/** When a Job for drift may begin; undefined: nothing asks for one, or something else is first. */
function whenDue(
  o: Observed,
  { onDrift }: RetrainingSettings,
  { drifted, isRollingOut, stable }: RetrainingGround,
  jobs: readonly Job[],
  last: RetrainingMemory | undefined,
): number | undefined {
  if (onDrift === undefined || drifted.length === 0 || isRollingOut || stable === undefined) return undefined;
  if (jobs.some((job) => !hasEnded(job))) return undefined;
  return last === undefined ? o.now : Math.max(o.now, last.startedAt + durationMs(onDrift.cooldown));
}

interface Start {
  readonly job: Job;
  readonly memory: RetrainingMemory;
  readonly status: RetrainingStatus;
}

function startFor(
  o: Observed,
  context: RetrainingContext,
  { drifted }: RetrainingGround,
  before: RetrainingMemory | undefined,
  latest: Job | undefined,
): Start | undefined {
  const name = retrainingJobName(context.owner, remembered(before, latest)?.jobName);
  if (child(o, 'Job', name).is !== 'absent') return undefined;
  return {
    job: driftJob(context, name, drifted),
    memory: { jobName: name, startedAt: o.now },
    status: {
      jobName: name,
      reason: 'drift',
      lastStarted: isoTime(o.now),
      lastResult: 'Running',
      message: becauseOf(drifted).slice(0, 2048),
    },
  };
}

/** The API server took the last change of the CronJob for none; it is tried again after a while. */
function isRefused(o: Observed): boolean {
  const { name } = ownerOf(o.modelDeployment);
  return o.obstacles.some(
    (known) => known.kind === 'CronJob' && known.name === name && known.retryAt > o.now,
  );
}

function keepCronJob(
  cronJob: CronJob | undefined,
  isAbsent: boolean,
  context: RetrainingContext,
  memory: RetrainingMemory | undefined,
  isHeld: boolean,
): readonly Action[] {
  const text = memory === undefined ? undefined : JSON.stringify(memory);
  const wanted = retrainingCronJob(context, { isHeld, memory: text });
  if (cronJob === undefined) return isAbsent ? [{ verb: 'create', kind: 'CronJob', object: wanted }] : [];
  return [...keepMemory(cronJob, wanted), ...keepTemplate(cronJob, wanted)];
}

/** Apart from the schedule: one that is refused keeps neither the memory nor the hold from being written. */
function keepMemory(cronJob: CronJob, { metadata, spec }: CronJob): readonly Action[] {
  const memory = metadata.annotations?.[MEMORY.retraining];
  // The time of a template that was never scheduled does come, once a year.
  const suspend = spec.suspend === true || (cronJob.spec.schedule === NEVER && spec.schedule !== NEVER);
  const isKept = memory === undefined || cronJob.metadata.annotations?.[MEMORY.retraining] === memory;
  if (isKept && cronJob.spec.suspend === suspend) return [];
  const annotations = memory === undefined ? {} : { [MEMORY.retraining]: memory };
  return [patchOf(cronJob, { metadata: { annotations }, spec: { suspend } })];
}

function keepTemplate(cronJob: CronJob, { metadata, spec }: CronJob): readonly Action[] {
  const { labels, annotations } = metadata;
  const { jobTemplate: _, suspend: __, ...schedule } = spec;
  // The API server writes templates its own way, so one is only compared with what it was made from.
  const isOldTemplate = cronJob.metadata.annotations?.[MEMORY.template] !== annotations?.[MEMORY.template];
  if (!isOldTemplate && covers(cronJob.spec, schedule) && covers(cronJob.metadata.labels, labels)) return [];
  const changed = isOldTemplate ? (mergePatch(cronJob.spec, spec) ?? {}) : schedule;
  return [patchOf(cronJob, { metadata: { labels, annotations }, spec: changed })];
}

function patchOf({ metadata: { name, uid } }: CronJob, patch: object): Action {
  return { verb: 'patch', kind: 'CronJob', name, uid, patch };
}

/** The newest finished ones of drift stay, for their logs; those of the CronJob are its own to keep. */
function garbage(o: Observed): readonly Action[] {
  const finished = ours(o, 'Job')
    .filter((job) => isRetraining(job.metadata) && hasEnded(job))
    .toSorted((a, b) => timeMs(b.metadata.creationTimestamp) - timeMs(a.metadata.creationTimestamp));
  return finished.slice(KEPT_JOBS).map((job) => remove('Job', job));
}

function statusOf(o: Observed, latest: Job | undefined): RetrainingStatus | undefined {
  const before = o.modelDeployment.status?.retraining;
  if (latest === undefined) return orphaned(before);
  const { name, creationTimestamp } = latest.metadata;
  const isKnown = before?.jobName === name;
  if (!isKnown && before !== undefined && timeMs(before.lastStarted) > timeMs(creationTimestamp)) {
    return orphaned(before);
  }
  const said = isKnown && before.lastResult === 'Running' ? before.message : undefined;
  const end = jobEnd(latest, o.pods, lastTrouble(said));
  const message = end === undefined ? runningMessage(latest, o.pods, said) : end.message;
  const status: RetrainingStatus = {
    jobName: name,
    reason: reasonOf(latest),
    lastStarted: isKnown ? before.lastStarted : isoTime(timeMs(creationTimestamp)),
    lastResult: end?.result ?? 'Running',
    ...(message === undefined ? {} : { message: message.slice(0, 2048) }),
  };
  // A pod that is cleaned up takes its last words with it.
  if (isKnown && before.lastResult !== 'Running' && before.lastResult === status.lastResult) return before;
  return isDeepStrictEqual(status, before) ? before : status;
}

/** Its Job is gone. */
function orphaned(before: RetrainingStatus | undefined): RetrainingStatus | undefined {
  if (before?.lastResult !== 'Running') return before;
  return { ...before, lastResult: 'Failed', message: 'Its Job was deleted before it ended.' };
}
