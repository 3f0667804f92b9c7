import { ANNOTATION } from '#contract/names.ts';
import { REASONS } from '#operator/api/conditions.ts';
import { because, text, type Text } from './sentences.ts';
import type { Observed } from './observed.ts';
import type { Position } from './position.ts';
import type { Situation } from './situation.ts';

/** A candidate that takes copies or a share: where it is, and the one thing that it waits for. */
export function describeRollout(
  situation: Extract<Situation, { readonly is: 'rollingOut' | 'suspended' }>,
  o: Observed,
): Text {
  const { candidate, position, failure } = situation;
  const waits = waitingFor(position, o);
  const message = `Revision ${text(candidate)} ${where(position)}.${waits === undefined ? '' : ` ${waits}`}${
    position.why === 'growing' || position.why === 'pods' ? because(failure) : ''
  }${cost(o, position)}${position.ignored === undefined ? '' : ` ${position.ignored}`}`;
  if (position.why === 'person') return { reason: REASONS.waitingForPromotion, message };
  if (position.why === 'paused' || position.why === 'failed') return { reason: REASONS.paused, message };
  return { reason: REASONS.rollingOut, message };
}

function where({ kind, step, steps, weight, shadow, why }: Position): string {
  const idle = why === 'failed' || why === 'pods' ? ', and gets no traffic now' : '';
  if (kind === 'Gate') return 'is ready and gets no traffic yet';
  if (kind === 'Shadow')
    return idle === '' ? `gets copies of ${shadow} % of the requests` : `is in shadow${idle}`;
  return `is at step ${step} of ${steps}${idle === '' ? `: ${weight} % of the requests` : idle}`;
}

/** What a rollout waits for, and who or what ends that, in one sentence; undefined for a hold alone. */
export function waitingFor(position: Position, o: Observed): string | undefined {
  const { why, progress, step, pods, ready, checks } = position;
  const { name } = o.modelDeployment.metadata;
  const promote = `kubectl windlass promote ${name} (annotation ${ANNOTATION.promote}: ${progress.number}/${step})`;
  switch (why) {
    case 'hold': {
      const waiting = checks.find(({ state }) => state === 'wait');
      return waiting === undefined ? undefined : `Check ${waiting.name} waits: ${waiting.message}`;
    }
    case 'checks':
      return `Its hold is over, and goes on: ${checks.find(({ state }) => state === 'wait')?.message ?? ''}`;
    case 'growing':
      return `Its hold is over: ${ready} of the ${pods} pods of the next step are ready.`;
    case 'pods':
      return 'None of its pods is ready; it goes on once one is.';
    case 'person':
      return `This step has no hold: go on with ${promote}, or back with kubectl windlass abort ${name}.`;
    case 'paused':
      return `It is paused: resume it (rollout.paused, or kubectl windlass resume ${name}), or go past this step with ${promote}.`;
    case 'failed':
      return `${progress.failed?.message ?? ''} It waits for a person, as rollout.onFailure says: go on with ${promote}${(progress.failed?.through ?? -1) >= step ? `, once the annotation of before is taken away (kubectl annotate modeldeployment ${name} ${ANNOTATION.promote}-)` : ''}, or back with kubectl windlass abort ${name}.`;
  }
}

/** What a rollout within the capacity there is takes from the stable revision. */
export function cost(o: Observed, { pods }: { readonly pods: number }): string {
  const { replicas, rollout } = o.modelDeployment.spec;
  if (rollout.maxSurge === undefined || pods <= rollout.maxSurge) return '';
  return ` rollout.maxSurge is ${rollout.maxSurge}: the stable revision gives up ${pods - rollout.maxSurge} of its ${replicas} pods meanwhile.`;
}

export function describeBake(
  { revision, position }: Extract<Situation, { readonly is: 'baking' | 'bakeFailed' }>,
  o: Observed,
): Text {
  const { name } = o.modelDeployment.metadata;
  const { failed, number } = position.progress;
  if (failed !== undefined) {
    return {
      reason: REASONS.paused,
      message: `Revision ${text(revision)} serves, and failed while it was watched: ${failed.message} rollout.onFailure is pause: undo it (kubectl windlass undo ${name}), or keep it (annotation ${ANNOTATION.promote}: ${number}/full).`,
    };
  }
  return {
    reason: REASONS.baking,
    message: `Revision ${text(revision)} serves and is watched for rollout.bake, ${o.modelDeployment.spec.rollout.bake ?? ''}: a failing check or a crash undoes it.`,
  };
}
