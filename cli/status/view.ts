import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { RetrainingStatus } from '#operator/api/retraining-settings.ts';
import type { Condition } from '#operator/api/schema.ts';
import type { Pod } from '#operator/kube/index.ts';
import { LABEL } from '#contract/names.ts';
import { activeRollback, newestFirst, revisionNumber } from '../revisions.ts';
import { podView } from './pods.ts';
import type { PodView } from './pods.ts';
import type { Applied } from './applied.ts';
import { phaseName, rolloutView } from './rollout-view.ts';
import type { RolloutView } from './rollout-view.ts';

/** What was read about one ModelDeployment. `pods` is undefined where the user may not list pods. */
export interface Readings {
  readonly deployment: ModelDeployment;
  readonly revisions: readonly ModelRevision[];
  readonly rollbacks: readonly ModelRollback[];
  readonly pods: readonly Pod[] | undefined;
  /** What pods say that they do with requests, by name; asked only during a rollout. */
  readonly applied?: ReadonlyMap<string, Applied>;
}

/** Where it stands, as kstatus reads the conditions. */
export type Outcome = 'ready' | 'progressing' | 'stalled' | 'deleting';

export type Role = 'stable' | 'candidate' | 'warm' | 'rejected' | 'leaving';

export interface RevisionView {
  readonly role: Role;
  readonly name: string;
  readonly number: number | undefined;
  readonly modelVersion: string | undefined;
  readonly since: string | undefined;
  readonly reason: string | undefined;
  readonly pods: readonly PodView[] | undefined;
}

export interface StatusView {
  readonly namespace: string;
  readonly name: string;
  readonly uri: string;
  readonly url: string | undefined;
  readonly outcome: Outcome;
  readonly phase: string | undefined;
  /** The one cause: Ready's reason and message. */
  readonly reason: string;
  readonly message: string;
  readonly serves: boolean;
  readonly revisions: readonly RevisionView[];
  /** How many more are in the history without a pod. */
  readonly retired: number;
  readonly rollback: ModelRollback | undefined;
  readonly rollout: RolloutView | undefined;
  /** What the condition Drifted says; undefined without spec.drift. */
  readonly drift: Condition | undefined;
  readonly retraining: RetrainingStatus | undefined;
}

export function statusView(readings: Readings): StatusView {
  const { deployment, rollbacks } = readings;
  const outcome = outcomeOf(deployment);
  const shown = newestFirst(readings.revisions).flatMap((revision) => {
    const role = roleOf(revision, readings, outcome);
    return role === undefined ? [] : [revisionView(revision, role, readings)];
  });
  const { reason, message } = causeOf(deployment);
  const rollout = rolloutView(deployment, readings.revisions);
  return {
    namespace: deployment.metadata.namespace ?? '',
    name: deployment.metadata.name,
    uri: deployment.spec.model.uri,
    url: deployment.status?.url,
    outcome,
    phase: outcome === 'progressing' && rollout !== undefined ? phaseName(rollout.status) : undefined,
    reason,
    message,
    serves: condition(deployment, 'Available')?.status === 'True',
    revisions: shown.toSorted((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role)),
    retired: readings.revisions.length - shown.length,
    rollback: activeRollback(rollbacks),
    rollout,
    drift: condition(deployment, 'Drifted'),
    retraining: deployment.status?.retraining,
  };
}

export function condition(deployment: ModelDeployment, type: string): Condition | undefined {
  return deployment.status?.conditions?.find((it) => it.type === type);
}

/** False while the status speaks of an earlier spec than the one that is stored. */
export function observed(deployment: ModelDeployment): boolean {
  const seen = condition(deployment, 'Ready')?.observedGeneration ?? deployment.status?.observedGeneration;
  return seen !== undefined && seen >= (deployment.metadata.generation ?? 0);
}

export function outcomeOf(deployment: ModelDeployment): Outcome {
  if (deployment.metadata.deletionTimestamp !== undefined) return 'deleting';
  if (!observed(deployment)) return 'progressing';
  if (condition(deployment, 'Stalled')?.status === 'True') return 'stalled';
  if (condition(deployment, 'Reconciling')?.status === 'True') return 'progressing';
  return condition(deployment, 'Ready')?.status === 'True' ? 'ready' : 'progressing';
}

function causeOf(deployment: ModelDeployment): { readonly reason: string; readonly message: string } {
  const ready = condition(deployment, 'Ready');
  if (ready === undefined) {
    return {
      reason: 'NotObserved',
      message:
        'the operator has not looked at it yet; if that lasts, see whether it runs: kubectl get pods -A -l app.kubernetes.io/name=windlass',
    };
  }
  if (!observed(deployment)) {
    return {
      reason: 'NotObserved',
      message: 'the spec has just changed; the operator has not looked at it yet',
    };
  }
  return { reason: ready.reason, message: ready.message };
}

const ROLES: readonly Role[] = ['stable', 'candidate', 'rejected', 'warm', 'leaving'];

function roleOf(revision: ModelRevision, readings: Readings, outcome: Outcome): Role | undefined {
  const { status } = readings.deployment;
  if (revision.metadata.name === status?.stableRevision) return 'stable';
  if (revision.status?.state === 'Rejected')
    return outcome === 'stalled' ? rejected(revision, readings) : undefined;
  if (revision.metadata.name === status?.candidateRevision) return 'candidate';
  if (revision.status?.state === 'Candidate') return 'candidate';
  if (revision.status?.state === 'Warm') return 'warm';
  return podsOf(revision, readings.pods)?.length ? 'leaving' : undefined;
}

/** Only the newest rejected revision explains a stalled state; earlier ones are history. */
function rejected(revision: ModelRevision, readings: Readings): Role | undefined {
  const newest = newestFirst(readings.revisions).find((it) => it.status?.state === 'Rejected');
  return newest?.metadata.name === revision.metadata.name ? 'rejected' : undefined;
}

function podsOf(revision: ModelRevision, pods: readonly Pod[] | undefined): readonly Pod[] | undefined {
  return pods?.filter((pod) => pod.metadata.labels?.[LABEL.revision] === revision.metadata.name);
}

function revisionView(revision: ModelRevision, role: Role, { pods, applied }: Readings): RevisionView {
  return {
    role,
    name: revision.metadata.name,
    number: revisionNumber(revision),
    modelVersion: revision.spec.model.version,
    since: revision.status?.since ?? revision.metadata.creationTimestamp,
    reason: revision.status?.reason,
    pods: podsOf(revision, pods)
      ?.map((pod) => podView(pod, applied?.get(pod.metadata.name)))
      .toSorted((a, b) => a.name.localeCompare(b.name)),
  };
}
