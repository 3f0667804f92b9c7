import { ANNOTATION } from '#contract/names.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { RolloutPhase } from '#operator/api/rollout-status.ts';
import { CliError, EXIT } from '../exit.ts';
import {
  activeRollback,
  candidateRevision,
  describeRevision,
  revisionNumber,
  stableRevision,
  wayForward,
} from '../revisions.ts';
import { condition, observed } from '../status/view.ts';

export interface RolloutInput {
  readonly deployment: ModelDeployment;
  readonly revisions: readonly ModelRevision[];
  readonly rollbacks: readonly ModelRollback[];
}

/** The revision on its way (while it is watched after its promotion: the stable one), and how far it is. */
export interface OnItsWay {
  readonly revision: ModelRevision;
  /** What its annotations are written with: numbers never come back. */
  readonly number: number;
  readonly phase: RolloutPhase;
  /** 0: before the first step. */
  readonly step: number;
  readonly steps: number;
  readonly weight: number;
}

/** The candidate, or an error that says why there is none and what is there instead. */
export function onItsWay(input: RolloutInput, verb: string): OnItsWay {
  const { deployment, revisions } = input;
  if (!observed(deployment)) {
    throw refusal(
      `the operator has not looked at the newest spec of ${deployment.metadata.name} yet: there is nothing to ${verb} so far`,
      `see it come: kubectl windlass status ${named(deployment)} --watch`,
    );
  }
  const rollout = deployment.status?.rollout;
  const revision = candidateRevision(deployment, revisions);
  const number = deployment.status?.candidateNumber ?? (revision && revisionNumber(revision));
  if (revision === undefined || rollout === undefined || number === undefined) throw nothing(input, verb);
  const { phase, step = 0, steps = 0, weight = 0 } = rollout;
  return { revision, number, phase, step, steps, weight };
}

/** The stable revision while it is watched after its promotion. */
export function baking({ deployment, revisions }: RolloutInput): OnItsWay | undefined {
  const { status } = deployment;
  const revision = stableRevision(deployment, revisions);
  const number = status?.revision ?? (revision && revisionNumber(revision));
  if (status?.rollout?.phase !== 'Baking' || revision === undefined || number === undefined) return undefined;
  const { step = 0, steps = 0, weight = 100 } = status.rollout;
  return { revision, number, phase: 'Baking', step, steps, weight };
}

function nothing(input: RolloutInput, verb: string): CliError {
  const { deployment, revisions, rollbacks } = input;
  const { name } = deployment.metadata;
  const phase = deployment.status?.rollout?.phase;
  if (phase === 'Resolving') {
    return refusal(
      `the model of ${name} is still being read and checked: there is no candidate to ${verb} yet`,
      verb === 'abort'
        ? `to stay with the revision that serves: kubectl windlass undo ${named(deployment)}`
        : `see it come: kubectl windlass status ${named(deployment)} --watch`,
    );
  }
  if (phase === 'Baking') {
    return refusal(
      `the new revision of ${name} is promoted already and being watched: there is nothing to ${verb}`,
      `to take it back: kubectl windlass undo ${named(deployment)}; to keep it and end the watch: kubectl windlass promote ${named(deployment)} --full`,
    );
  }
  const undo = activeRollback(rollbacks);
  if (undo !== undefined) {
    return refusal(
      `nothing of ${name} is on its way: the undo ${undo.metadata.name} holds`,
      wayForward(
        undo,
        revisions.filter(({ status }) => status?.state === 'Rejected').map(({ metadata }) => metadata.name),
      ),
    );
  }
  const stalled = condition(deployment, 'Stalled')?.status === 'True';
  const stable = stableRevision(deployment, revisions);
  const serves = stable === undefined ? 'nothing serves yet' : `${describeRevision(stable)} serves`;
  return refusal(
    `nothing of ${name} is on its way (${serves}): there is nothing to ${verb}`,
    stalled
      ? `see what went wrong: kubectl windlass status ${named(deployment)}`
      : `a rollout begins when spec.model or spec.serving changes; see: kubectl windlass status ${named(deployment)}`,
  );
}

/** Whether somebody paused this candidate by annotation. */
export function pausedBy(deployment: ModelDeployment, number: number): boolean {
  return deployment.metadata.annotations?.[ANNOTATION.paused] === String(number);
}

/** `step 2 of 3 at 25 %`, `the shadow phase`, ... */
export function place({
  phase,
  step,
  steps,
  weight,
}: Pick<OnItsWay, 'phase' | 'step' | 'steps' | 'weight'>): string {
  switch (phase) {
    case 'Shadow':
      return 'the shadow phase';
    case 'Step':
      return step === 0 ? 'the way to the first step' : `step ${step} of ${steps} at ${weight} %`;
    case 'Paused':
      return step === 0 ? 'the pause before the first step' : `the pause at step ${step} of ${steps}`;
    case 'Resolving':
      return 'the check of its source';
    case 'Starting':
      return 'the start of its pods';
    case 'Promoting':
      return 'its promotion';
    case 'Baking':
      return 'the watch after its promotion';
  }
}

export function named(deployment: ModelDeployment): string {
  return `${deployment.metadata.name} -n ${deployment.metadata.namespace ?? ''}`;
}

export function refusal(message: string, hint: string): CliError {
  return new CliError(message, { exitCode: EXIT.usage, hint });
}
