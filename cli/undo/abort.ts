import type { ModelRollback } from '#operator/api/objects.ts';
import { activeRollback, describeRevision, stableRevision } from '../revisions.ts';
import { named, onItsWay, refusal } from '../rollout/candidate.ts';
import type { RolloutInput } from '../rollout/candidate.ts';
import { undoPlan } from './target.ts';
import type { UndoPlan } from './target.ts';

export type AbortPlan =
  | { readonly kind: 'abort'; readonly plan: UndoPlan }
  /** Somebody asked for it a moment ago, and the operator has not looked yet. */
  | { readonly kind: 'requested'; readonly plan: UndoPlan; readonly rollback: ModelRollback }
  /** It was aborted before, and stays so. */
  | { readonly kind: 'done'; readonly rollback: ModelRollback; readonly message: string };

/** Decides what aborting means: an undo to the stable revision, which serves throughout. */
export function abortPlan(input: RolloutInput): AbortPlan {
  const { deployment, revisions, rollbacks } = input;
  const stable = stableRevision(deployment, revisions);
  const held = activeRollback(rollbacks);
  const underWay = deployment.status?.candidateRevision !== undefined;
  if (!underWay && stable !== undefined && held?.status?.toRevision === stable.metadata.name) {
    const message = `it is aborted already: ${held.metadata.name} holds, ${describeRevision(stable)} serves`;
    return { kind: 'done', rollback: held, message };
  }
  const candidate = onItsWay(input, 'abort');
  if (stable === undefined) {
    throw refusal(
      `${describeRevision(candidate.revision)} is the first revision of ${deployment.metadata.name}: there is none to go back to`,
      `to stop it: apply another spec, or kubectl delete modeldeployment ${named(deployment)}`,
    );
  }
  const plan = undoPlan({ ...input, toRevision: stable.metadata.name });
  const asked = rollbacks.find(
    ({ spec, status }) =>
      status?.state === undefined &&
      spec.toRevision === stable.metadata.name &&
      (spec.fromSpecHash === undefined || spec.fromSpecHash === plan.fromSpecHash),
  );
  return asked === undefined ? { kind: 'abort', plan } : { kind: 'requested', plan, rollback: asked };
}
