import { LABEL } from '#contract/names.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { CronJob, Job } from '#operator/kube/index.ts';
import { CliError, EXIT } from '../exit.ts';

const MAX_NAME = 63;

/** A Job from the CronJob's template, as `kubectl create job --from=cronjob/NAME` makes it, but that it says who asked. */
export function manualJob(cronJob: CronJob, suffix: string): Job {
  const { name, namespace, uid } = cronJob.metadata;
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const ending = `-retrain-${suffix}`;
  const template = {
    ...spec.template,
    metadata: {
      ...spec.template.metadata,
      labels: { ...spec.template.metadata?.labels, [LABEL.retraining]: 'manual' },
    },
    spec: {
      ...spec.template.spec,
      containers: spec.template.spec.containers.map((container) => ({
        ...container,
        env: (container.env ?? []).map((variable) =>
          variable.name === 'WINDLASS_REASON' ? { name: variable.name, value: 'manual' } : variable,
        ),
      })),
    },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: name.slice(0, MAX_NAME - ending.length) + ending,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata?.labels, [LABEL.retraining]: 'manual' },
      annotations: { ...metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      // blockOwnerDeletion would ask for a right on the CronJob's finalizers.
      ownerReferences: [
        { apiVersion: cronJob.apiVersion, kind: cronJob.kind, name, uid: uid ?? '', controller: true },
      ],
    },
    spec: { ...spec, template },
  };
}

/** Why a CronJob of that name is no template; undefined where the ModelDeployment controls it. */
export function foreign({ metadata }: CronJob, { metadata: owner }: ModelDeployment): CliError | undefined {
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner.uid !== undefined && controller?.uid === owner.uid) return undefined;
  const { name } = owner;
  const whose =
    controller === undefined ? 'nobody' : `${controller.kind} ${controller.name} (${controller.uid})`;
  return new CliError(
    `CronJob ${metadata.name} is not the one that the operator makes of ${name}'s spec.retraining: it belongs to ${whose}`,
    {
      hint: `rename or delete it, and the operator makes its own: kubectl get cronjob ${metadata.name} -o yaml; kubectl windlass status ${name}`,
    },
  );
}

/** Why no Job is made; undefined where one may be. */
export function refusal({ metadata, spec, status }: ModelDeployment, force: boolean): CliError | undefined {
  const { name } = metadata;
  if (spec.retraining === undefined) {
    return new CliError(`${name} has no spec.retraining: nothing says how to train it`, {
      exitCode: EXIT.usage,
      hint: 'give it a job: docs/retraining.md',
    });
  }
  const { retraining } = status ?? {};
  if (retraining?.lastResult !== 'Running' || force) return undefined;
  return new CliError(
    `${name} is being retrained already, since ${retraining.lastStarted}: Job ${retraining.jobName}`,
    {
      exitCode: EXIT.usage,
      hint: `follow it: kubectl logs -f job/${retraining.jobName}; or --force to start another beside it`,
    },
  );
}
