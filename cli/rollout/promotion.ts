import { ANNOTATION } from '#contract/names.ts';
import { findRevision, describeRevision, revisionNumber } from '../revisions.ts';
import { condition, outcomeOf } from '../status/view.ts';
import { baking, named, onItsWay, pausedBy, place, refusal } from './candidate.ts';
import type { OnItsWay, RolloutInput } from './candidate.ts';

export interface PromoteRequest {
  /** All the rest at once, not this hold alone. */
  readonly full: boolean;
  /** The candidate that was looked at: another one is not promoted. */
  readonly revision: string | undefined;
  /** The step that was looked at (0: before the first): another one's hold is not ended. */
  readonly step?: number | undefined;
}

export interface Promotion {
  readonly candidate: OnItsWay;
  /** What windlass.dev/promote is set to. */
  readonly value: string;
  /** It says so already, or there is no need to. */
  readonly already: boolean;
  /** The step that was meant is behind it: nothing is written. */
  readonly past: boolean;
  /** What else there is to know. */
  readonly note: string | undefined;
}

/** Decides what a promotion means, or says why there is nothing to promote. */
export function promotion(input: RolloutInput, request: PromoteRequest): Promotion {
  const { deployment } = input;
  const candidate = (request.full ? baking(input) : undefined) ?? onItsWay(input, 'promote');
  guard(input, candidate, request.revision);
  const { number, step } = candidate;
  const past = !request.full && isPast(input, candidate, request.step);
  if (!request.full && !past) refuseWhatWaitsForNobody(input, candidate);
  const value = `${number}/${request.full ? 'full' : step}`;
  if (!past) refuseWhatWasSaidBefore(deployment, candidate, value);
  return {
    candidate,
    value,
    already: past || deployment.metadata.annotations?.[ANNOTATION.promote] === value,
    past,
    note: pausedBy(deployment, number)
      ? `it is paused by annotation too; to let it go on by itself: kubectl windlass resume ${named(deployment)}`
      : undefined,
  };
}

/** Whether the step that was looked at is behind the candidate; one that it has not reached is an error. */
function isPast({ deployment }: RolloutInput, candidate: OnItsWay, wanted: number | undefined): boolean {
  if (wanted === undefined || candidate.step === wanted)
    return wanted !== undefined && candidate.phase === 'Promoting';
  if (candidate.step > wanted) return true;
  throw refusal(
    `${describeRevision(candidate.revision)} is at ${place(candidate)}, not at step ${wanted} yet: nothing was promoted`,
    `follow it: kubectl windlass status ${named(deployment)} --watch`,
  );
}

/** A hold can be ended, by its time or by a person; what starts or grows goes on by itself. */
function refuseWhatWaitsForNobody({ deployment }: RolloutInput, { revision, phase }: OnItsWay): void {
  const what = describeRevision(revision);
  const follow = `follow it: kubectl windlass status ${named(deployment)} --watch`;
  const rollout = deployment.status?.rollout;
  if (phase === 'Promoting') {
    throw refusal(`${what} waits for nobody: it is being promoted already`, follow);
  }
  if (phase === 'Resolving' || phase === 'Starting') {
    throw refusal(
      `${what} waits for nobody yet: its pods are starting`,
      `${follow}; --full skips its steps once it has started`,
    );
  }
  const reason = condition(deployment, 'Ready')?.reason;
  const byPerson = reason === 'WaitingForPromotion' || reason === 'Paused';
  if (rollout?.holdUntil !== undefined || byPerson) return;
  throw refusal(
    `${what} waits for nobody: ${rollout?.waitingFor ?? 'its hold is over'}`,
    `${follow}; --full skips the steps that come`,
  );
}

/** Whoever promoted a step before it failed did not know of the failure: the operator lets that not count. */
function refuseWhatWasSaidBefore(
  deployment: RolloutInput['deployment'],
  { revision, phase }: OnItsWay,
  value: string,
): void {
  if (phase !== 'Paused' || deployment.metadata.annotations?.[ANNOTATION.promote] !== value) return;
  if (deployment.status?.rollout?.waitingFor?.includes(`${ANNOTATION.promote}-`) !== true) return;
  throw refusal(
    `${describeRevision(revision)} was promoted before it failed, which does not count any more`,
    `to go on all the same, take that away and promote again: kubectl annotate modeldeployment ${named(deployment)} ${ANNOTATION.promote}-`,
  );
}

function guard(input: RolloutInput, candidate: OnItsWay, wanted: string | undefined): void {
  if (wanted === undefined) return;
  const looked = /^\d+$/.test(wanted)
    ? Number(wanted)
    : revisionNumber(findRevision(input.revisions, wanted));
  if (looked === candidate.number) return;
  throw refusal(
    `the candidate is revision ${candidate.number} by now, not ${wanted}: nothing was promoted`,
    `look at it first: kubectl windlass status ${named(input.deployment)}`,
  );
}

export type PromotionState =
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'done'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** How far a promotion has come: one hold ends when the rollout has left its place, all of them when the candidate is stable. */
export function promotionState(input: RolloutInput, from: OnItsWay, full: boolean): PromotionState {
  const { deployment } = input;
  const { status } = deployment;
  const name = from.revision.metadata.name;
  const what = `revision ${from.number}`;
  const ready = condition(deployment, 'Ready');
  if (from.phase === 'Baking') return bakingState(input, from);
  if (status?.stableRevision === name)
    return { kind: 'done', message: `${what} is promoted: it is the stable one now` };
  if (outcomeOf(deployment) === 'stalled' || status?.candidateRevision !== name) {
    const why = ready === undefined ? 'another spec came' : `${ready.reason}: ${ready.message}`;
    return { kind: 'failed', message: `${what} is not on its way any more. ${why}` };
  }
  // The operator says so where it does not understand what was written.
  if (ready?.message.includes(`The annotation ${ANNOTATION.promote} is "`) === true) {
    return { kind: 'failed', message: ready.message };
  }
  const { rollout } = status;
  if (full || rollout === undefined)
    return { kind: 'waiting', for: rollout?.waitingFor ?? `${what} to be promoted` };
  const { phase, step = 0, steps = 0, weight = 0 } = rollout;
  if (phase !== from.phase || step !== from.step) {
    return { kind: 'done', message: `${what} is at ${place({ phase, step, steps, weight })} now` };
  }
  return { kind: 'waiting', for: rollout.waitingFor ?? `the operator to take up the promotion` };
}

/** A promotion in full while it is watched ends the watch. */
function bakingState(input: RolloutInput, { revision, number }: OnItsWay): PromotionState {
  const { status } = input.deployment;
  if (status?.stableRevision !== revision.metadata.name) {
    return { kind: 'failed', message: `revision ${number} is not the stable one any more` };
  }
  return status.rollout?.phase === 'Baking'
    ? { kind: 'waiting', for: 'the operator to end the watch' }
    : { kind: 'done', message: `revision ${number} stays: it is not watched any more` };
}
