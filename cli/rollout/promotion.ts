import { ANNOTATION } from '#contract/names.ts';
import { findRevision, describeRevision, revisionNumber } from '../revisions.ts';
import { condition, outcomeOf } from '../status/view.ts';
import { named, onItsWay, pausedBy, place, refusal } from './candidate.ts';
import type { OnItsWay, RolloutInput } from './candidate.ts';

export interface PromoteRequest {
  /** All the rest at once, not this hold alone. */
  readonly full: boolean;
  /** The candidate that was looked at: another one is not promoted. */
  readonly revision: string | undefined;
}

export interface Promotion {
  readonly candidate: OnItsWay;
  /** What windlass.dev/promote is set to. */
  readonly value: string;
  /** It says so already. */
  readonly already: boolean;
  /** What else there is to know. */
  readonly note: string | undefined;
}

/** Decides what a promotion means, or says why there is nothing to promote. */
export function promotion(input: RolloutInput, request: PromoteRequest): Promotion {
  const { deployment } = input;
  const candidate = onItsWay(input, 'promote');
  guard(input, candidate, request.revision);
  const { number, step, phase } = candidate;
  const paused = condition(deployment, 'Ready')?.reason === 'Paused';
  if (phase === 'Promoting' || phase === 'Baking') {
    throw refusal(
      `${describeRevision(candidate.revision)} waits for nobody: it is being promoted already`,
      `follow it: kubectl windlass status ${named(deployment)} --watch`,
    );
  }
  if ((phase === 'Resolving' || phase === 'Starting') && !request.full && !paused) {
    throw refusal(
      `${describeRevision(candidate.revision)} waits for nobody yet: its pods are starting`,
      `follow it: kubectl windlass status ${named(deployment)} --watch; --full skips its steps once it has started`,
    );
  }
  const value = `${number}/${request.full ? 'full' : step}`;
  return {
    candidate,
    value,
    already: deployment.metadata.annotations?.[ANNOTATION.promote] === value,
    note: pausedBy(deployment, number)
      ? `it is paused by annotation too; to let it go on by itself: kubectl windlass resume ${named(deployment)}`
      : undefined,
  };
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
  if (status?.stableRevision === name)
    return { kind: 'done', message: `${what} is promoted: it is the stable one now` };
  if (outcomeOf(deployment) === 'stalled' || status?.candidateRevision !== name) {
    const why = ready === undefined ? 'another spec came' : `${ready.reason}: ${ready.message}`;
    return { kind: 'failed', message: `${what} is not on its way any more. ${why}` };
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
