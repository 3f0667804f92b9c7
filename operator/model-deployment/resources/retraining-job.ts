import { canonicalJson, sha256 } from '#contract/canonical.ts';
import { LABEL } from '#contract/names.ts';
import type { ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { RetrainingReason, RetrainingSettings } from '#operator/api/retraining-settings.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { CronJob, EnvVar, Job, PodTemplateSpec } from '#operator/kube/index.ts';
import { MEMORY } from '../annotations.ts';
import { childMetadata, type Owner } from '../identity.ts';
import { FOREIGN_CONTAINER_SECURITY, jobPod } from './restricted.ts';
import { stableEnvironment, type StableModel } from './stable-environment.ts';

/** A Job's name becomes a label of its pods, which has at most 63 characters. */
const MAX_NAME = 63;
/** A run that could not begin for so long, because another one was on, is left out. */
const LATE_SECONDS = 300;
/** A time that never comes, for a template that only people and drift use. */
export const NEVER = '0 0 1 1 *';
const CONTAINER = 'train';
/** How a training program says that what it trained is no better than what serves: as true of the next try. */
export const NO_BETTER_MODEL = 3;
/** Finished Jobs that are kept, of each kind. */
export const KEPT_JOBS = 3;

/** What a training program is told of the model. */
export interface RetrainingContext {
  readonly owner: Owner;
  readonly spec: Pick<ModelDeploymentSpec, 'model' | 'serving'>;
  readonly settings: RetrainingSettings;
  /** Undefined: nothing serves yet. */
  readonly stable: StableModel | undefined;
}

/** The Job that follows the one of that name, or the first: the same after a restart of the operator. */
export function retrainingJobName(owner: Owner, previous: string | undefined): string {
  const suffix = `-retrain-${sha256(canonicalJson([owner.uid, previous ?? ''])).slice(0, 10)}`;
  return owner.name.slice(0, MAX_NAME - suffix.length) + suffix;
}

/** A Job that trains a new model because features have drifted. */
export function driftJob(context: RetrainingContext, name: string, features: readonly string[]): Job {
  const { owner } = context;
  const metadata = childMetadata(owner, name);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, labels: { ...metadata.labels, [LABEL.retraining]: 'drift' } },
    spec: jobSpec(context, 'drift', features),
  };
}

export interface CronJobState {
  /** A Job runs that the schedule did not start. */
  readonly isHeld: boolean;
  /** What the operator remembers of the last retraining, as JSON. */
  readonly memory: string | undefined;
}

/**
 * The schedule, and the template that a person's Job is made from (kubectl create job --from=cronjob/NAME): without a schedule
 * it is there all the same, suspended.
 */
export function retrainingCronJob(context: RetrainingContext, { isHeld, memory }: CronJobState): CronJob {
  const { owner, settings } = context;
  const spec: CronJob['spec'] = {
    schedule: settings.schedule ?? NEVER,
    timeZone: settings.timeZone ?? 'Etc/UTC',
    suspend: settings.schedule === undefined || isHeld,
    concurrencyPolicy: 'Forbid',
    startingDeadlineSeconds: LATE_SECONDS,
    successfulJobsHistoryLimit: KEPT_JOBS,
    failedJobsHistoryLimit: KEPT_JOBS,
    jobTemplate: {
      metadata: {
        labels: {
          'app.kubernetes.io/managed-by': 'windlass',
          [LABEL.modelDeployment]: owner.name,
          [LABEL.retraining]: 'schedule',
        },
      },
      spec: jobSpec(context, 'schedule', []),
    },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: childMetadata(owner, owner.name, {
      annotations: {
        [MEMORY.template]: sha256(canonicalJson({ ...spec, suspend: undefined })).slice(0, 16),
        ...(memory === undefined ? {} : { [MEMORY.retraining]: memory }),
      },
    }),
    spec,
  };
}

function jobSpec(
  context: RetrainingContext,
  reason: RetrainingReason,
  features: readonly string[],
): Job['spec'] {
  const { timeout, backoffLimit } = context.settings.job;
  return {
    backoffLimit,
    activeDeadlineSeconds: Math.ceil(durationMs(timeout) / 1000),
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        {
          action: 'FailJob',
          onExitCodes: { containerName: CONTAINER, operator: 'In', values: [NO_BETTER_MODEL] },
        },
      ],
    },
    template: podTemplate(context, reason, features),
  };
}

function podTemplate(
  context: RetrainingContext,
  reason: RetrainingReason,
  features: readonly string[],
): PodTemplateSpec {
  const { owner, spec, settings } = context;
  const { image, command, args, envFrom, resources } = settings.job;
  return {
    metadata: {
      labels: {
        'app.kubernetes.io/managed-by': 'windlass',
        [LABEL.modelDeployment]: owner.name,
        [LABEL.retraining]: reason,
      },
    },
    spec: {
      ...jobPod({ ...settings.job, imagePullSecrets: spec.serving.pod?.imagePullSecrets }),
      containers: [
        {
          name: CONTAINER,
          image,
          imagePullPolicy: 'IfNotPresent',
          ...(command === undefined ? {} : { command }),
          ...(args === undefined ? {} : { args }),
          env: environment(context, reason, features),
          ...(envFrom === undefined ? {} : { envFrom: envFrom.map(onlyWhatIsThere) }),
          ...(resources === undefined ? {} : { resources: resourcesOf(resources) }),
          securityContext: FOREIGN_CONTAINER_SECURITY,
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [{ name: 'temporary', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'temporary', emptyDir: {} }],
    },
  };
}

/** The user's come first: those of Windlass cannot be among them, and HOME is only given where they do not. */
function environment(
  { owner, spec, settings, stable }: RetrainingContext,
  reason: RetrainingReason,
  features: readonly string[],
): readonly EnvVar[] {
  const own = (settings.job.env ?? []).map(({ name, value, valueFrom }): EnvVar =>
    valueFrom === undefined ? { name, value: value ?? '' } : { name, valueFrom },
  );
  return [
    ...own,
    ...(own.some(({ name }) => name === 'HOME') ? [] : [{ name: 'HOME', value: '/tmp' }]),
    { name: 'WINDLASS_MODEL_DEPLOYMENT', value: owner.name },
    { name: 'WINDLASS_NAMESPACE', value: owner.namespace },
    { name: 'WINDLASS_REASON', value: reason },
    { name: 'WINDLASS_MODEL_URI', value: spec.model.uri },
    ...stableEnvironment(stable),
    { name: 'WINDLASS_DRIFTED_FEATURES', value: features.join(',') },
  ];
}

type EnvFrom = NonNullable<RetrainingSettings['job']['envFrom']>[number];

function onlyWhatIsThere({ secretRef, configMapRef }: EnvFrom): {
  readonly secretRef?: { readonly name: string };
  readonly configMapRef?: { readonly name: string };
} {
  return {
    ...(secretRef === undefined ? {} : { secretRef }),
    ...(configMapRef === undefined ? {} : { configMapRef }),
  };
}

type Resources = NonNullable<RetrainingSettings['job']['resources']>;

function resourcesOf({ requests, limits }: Resources): {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
} {
  return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
}
