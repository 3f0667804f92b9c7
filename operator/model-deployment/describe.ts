import { LABEL } from '#contract/names.ts';
import { REASONS } from '#operator/api/conditions.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { cost, describeBake, describeRollout } from './describe-rollout.ts';
import { because, routes, serves, text, type Text } from './sentences.ts';
import type { Serving, Situation } from './situation.ts';

/** Ready's reason and message: one cause, and the next step. */
export function describe(situation: Situation, serving: Serving, o: Observed): Text {
  const { name } = ownerOf(o.modelDeployment);
  switch (situation.is) {
    case 'obstructed':
      return { reason: situation.obstacle.reason, message: situation.obstacle.message };
    case 'rejected': {
      const again = situation.undo
        ? 'Delete the ModelRollback, or create one to another revision.'
        : situation.derived
          ? 'It is tried as soon as the spec allows it.'
          : `It is not tried again until spec.model or spec.serving changes; to try it once more: kubectl delete modelrevision ${situation.revision.name}.`;
      return {
        reason: situation.failure.reason,
        message: `Revision ${text(situation.revision)} was rejected. ${situation.failure.message} ${again}`,
      };
    }
    case 'rollingBack':
      return {
        reason: situation.failure?.reason ?? REASONS.rollingBack,
        message: `ModelRollback ${situation.rollback} brings back revision ${text(situation.to)}, which is starting.${because(situation.failure)}`,
      };
    case 'rollingOut':
    case 'suspended':
      return describeRollout(situation, o);
    case 'baking':
    case 'bakeFailed':
      return describeBake(situation, o);
    case 'rolledBack': {
      const from =
        situation.from === undefined || situation.from === situation.to.name
          ? ''
          : ` instead of ${situation.from}`;
      const why =
        situation.automatic === undefined
          ? ''
          : ` Windlass undid it: ${situation.automatic.reason}: ${situation.automatic.message}`;
      // What Windlass rejected stays so without the ModelRollback: the record of it has to go too.
      const again =
        situation.automatic === undefined || from === ''
          ? `resume it: kubectl delete modelrollback ${situation.rollback}`
          : `try the same once more: kubectl delete modelrollback/${situation.rollback} modelrevision/${situation.from}`;
      return {
        reason: REASONS.rolledBack,
        message: `ModelRollback ${situation.rollback} holds revision ${text(situation.to)}${from}.${why} Change spec.model or spec.serving of ModelDeployment ${name} to go on, or ${again}.`,
      };
    }
    case 'sourceFailed':
    case 'sourceUnavailable':
      return { reason: situation.failure.reason, message: situation.failure.message };
    case 'resolving':
      return {
        reason: REASONS.resolving,
        message: `Reading and checking ${o.modelDeployment.spec.model.uri}.`,
      };
    case 'starting':
      return {
        reason: situation.failure?.reason ?? REASONS.starting,
        message: `Revision ${text(situation.candidate)} is starting: ${situation.ready} of ${situation.pods} pods are ready; it is rejected if that takes longer than rollout.progressDeadline, ${o.modelDeployment.spec.rollout.progressDeadline}.${because(situation.failure)}${cost(o, situation)}`,
      };
    case 'scaledToZero': {
      const { waiting, rollback } = situation;
      const by = rollback === undefined ? '' : `, which ModelRollback ${rollback} asks for,`;
      const waits =
        waiting === undefined ? '' : ` Revision ${text(waiting)}${by} takes effect when it is scaled up.`;
      return {
        reason: REASONS.scaledToZero,
        message: `Nothing runs, because spec.replicas is 0. Scale it up to serve.${waits}`,
      };
    }
    case 'unavailable':
      return {
        reason: serving.failure?.reason ?? REASONS.unavailable,
        message: `No pod of revision ${text(serving.revision)} is ready.${because(serving.failure) || ` See kubectl describe pods -l ${LABEL.revision}=${serving.revision?.name ?? ''}.`}${situation.meanwhile === undefined ? '' : ` ${describe(situation.meanwhile, serving, o).message}`}`,
      };
    case 'routing':
      return { reason: REASONS.routing, message: routes(serving) };
    case 'scaling':
      return { reason: REASONS.scaling, message: `${serves(serving)}${because(serving.failure)}` };
    case 'serving':
      return { reason: REASONS.serving, message: serves(serving) };
  }
}
