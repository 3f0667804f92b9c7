import { ANNOTATION } from '#contract/names.ts';
import type { ModelDeployment, ModelRevision } from '#operator/api/objects.ts';
import type { RolloutStatus } from '#operator/api/rollout-status.ts';
import { candidateRevision, revisionNumber, stableRevision } from '../revisions.ts';

/** Whom or what a rollout waits for; only a person ends the others. */
export type WaitsFor =
  'itself' | 'promotion' | 'failed check' | 'failed watch' | 'pause by annotation' | 'pause by spec';

export interface RolloutView {
  readonly status: RolloutStatus;
  readonly waitsFor: WaitsFor;
  /** Weights of all steps, with the whole traffic at the end. */
  readonly plan: readonly number[];
  /** Percent of the requests that are copied, while it is in the shadow phase. */
  readonly copies: number | undefined;
  readonly stable: number | undefined;
  readonly candidate: number | undefined;
}

export function rolloutView(
  deployment: ModelDeployment,
  revisions: readonly ModelRevision[],
): RolloutView | undefined {
  const status = deployment.status?.rollout;
  if (status === undefined) return undefined;
  const { steps = [], shadow } = deployment.spec.rollout;
  const stable = stableRevision(deployment, revisions);
  const candidate = candidateRevision(deployment, revisions);
  const number = deployment.status?.candidateNumber ?? (candidate && revisionNumber(candidate));
  const weights = steps.map((step) => step.weight);
  return {
    status,
    waitsFor: waitsFor(deployment, status, number),
    plan: weights.at(-1) === 100 ? weights : [...weights, 100],
    copies: status.phase === 'Shadow' ? (shadow?.percent ?? 100) : undefined,
    stable: stable === undefined ? undefined : revisionNumber(stable),
    candidate: number,
  };
}

function waitsFor(
  deployment: ModelDeployment,
  status: RolloutStatus,
  candidate: number | undefined,
): WaitsFor {
  const reason = deployment.status?.conditions?.find((it) => it.type === 'Ready')?.reason;
  if (status.phase === 'Baking') return reason === 'Paused' ? 'failed watch' : 'itself';
  if (status.phase === 'Promoting' || status.phase === 'Resolving') return 'itself';
  if (status.phase === 'Paused' && status.checks?.some((check) => check.state === 'Failing') === true) {
    return 'failed check';
  }
  if (deployment.spec.rollout.paused) return 'pause by spec';
  const annotated = deployment.metadata.annotations?.[ANNOTATION.paused];
  if (annotated !== undefined && annotated === String(candidate)) return 'pause by annotation';
  if (status.phase === 'Paused') return 'failed check';
  return reason === 'WaitingForPromotion' ? 'promotion' : 'itself';
}

/** `Step 2 of 3`, `Shadow`, ... */
export function phaseName({ phase, step = 0, steps = 0 }: RolloutStatus): string {
  if (phase === 'Step') return step === 0 ? 'Before the first step' : `Step ${step} of ${steps}`;
  if (phase === 'Paused' && step > 0) return `Paused at step ${step} of ${steps}`;
  return phase === 'Paused' ? 'Paused before the first step' : phase;
}
