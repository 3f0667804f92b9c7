import { API_VERSION } from '#contract/names.ts';
import { CONDITION_TABLE } from '#operator/model-deployment/status.ts';

export type Situation = keyof typeof CONDITION_TABLE;
export const situations = Object.keys(CONDITION_TABLE) as readonly Situation[];

/** Reasons of Ready with which a ModelDeployment waits for a person. */
export const WAITING_REASONS = ['WaitingForPromotion', 'Paused'] as const;

const GENERATION = 7;

/** A ModelDeployment whose conditions say what the table has for this situation. */
export function inSituation(
  situation: Situation,
  {
    reason = situation,
    observedGeneration = GENERATION,
  }: { reason?: string; observedGeneration?: number } = {},
): object {
  const { ready, reconciling, stalled } = CONDITION_TABLE[situation];
  const condition = (type: string, status: boolean): object => ({
    type,
    status: status ? 'True' : 'False',
    reason,
    message: `What ${situation} means, and the next step.`,
    observedGeneration,
    lastTransitionTime: '2026-01-01T00:00:00.000Z',
  });
  return {
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: 'churn', namespace: 'models', uid: 'f00d', generation: GENERATION },
    spec: { model: { uri: 's3://models/churn/1/' }, replicas: 2 },
    status: {
      observedGeneration,
      conditions: [
        condition('Ready', ready === 'True'),
        // The stable revision may serve in any of them, which is no business of those who wait.
        condition('Available', true),
        condition('Reconciling', reconciling),
        condition('Stalled', stalled),
      ],
    },
  };
}
