import { ANNOTATION } from '#contract/names.ts';
import { describeRevision } from '../revisions.ts';
import type { Decided } from './annotate.ts';
import { named, onItsWay, pausedBy, place, refusal } from './candidate.ts';
import type { RolloutInput } from './candidate.ts';

export interface Pausing extends Decided {
  /** What it comes to, for the person. */
  readonly message: string;
}

/** Decides what a pause means: the rollout of the candidate stays where it is. */
export function pausing(input: RolloutInput): Pausing {
  const { deployment } = input;
  const candidate = onItsWay(input, 'pause');
  const what = describeRevision(candidate.revision);
  const decided = { annotation: ANNOTATION.paused, value: String(candidate.number) };
  if (candidate.phase === 'Promoting' || candidate.phase === 'Baking') {
    throw refusal(
      `${what} is being promoted already: it cannot be paused any more`,
      `to keep the revision before it: kubectl windlass undo ${named(deployment)}`,
    );
  }
  if (pausedBy(deployment, candidate.number)) {
    return { ...decided, already: true, message: `${what} is paused already, at ${place(candidate)}` };
  }
  return {
    ...decided,
    already: false,
    message: `${what} is paused at ${place(candidate)}; to go on: kubectl windlass resume ${named(deployment)}`,
  };
}

/** Decides what resuming means; what is not paused by annotation is explained. */
export function resuming(input: RolloutInput): Pausing {
  const { deployment } = input;
  const { name } = deployment.metadata;
  const marked = deployment.metadata.annotations?.[ANNOTATION.paused] !== undefined;
  const decided = { annotation: ANNOTATION.paused, value: undefined, already: !marked };
  if (deployment.spec.rollout.paused) {
    throw refusal(
      `${name} is paused by its spec (rollout.paused: true), which this command never writes`,
      `set it to false in the manifest and apply it, or let this one candidate through: kubectl windlass promote ${named(deployment)}`,
    );
  }
  if (marked) return { ...decided, message: `${name} goes on` };
  if (deployment.status?.rollout?.phase === 'Paused') {
    const candidate = onItsWay(input, 'resume');
    throw refusal(
      `${describeRevision(candidate.revision)} is paused because a check failed (onFailure: pause): a person has to decide`,
      `in spite of it: kubectl windlass promote ${named(deployment)}; or end it: kubectl windlass abort ${named(deployment)}`,
    );
  }
  return { ...decided, message: `${name} is not paused` };
}
