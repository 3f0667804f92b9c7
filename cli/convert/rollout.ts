import type { InferenceService } from './inference-service.ts';
import type { Notes } from './notes.ts';

export type Rollout = Readonly<Record<string, unknown>>;

const PATH = ['spec', 'predictor', 'canaryTrafficPercent'];

/** KServe's canary is a share that stands until somebody changes it: a step without a hold. */
export function rolloutOf({ spec: { predictor } }: InferenceService, notes: Notes): Rollout {
  const { canaryTrafficPercent: share } = predictor;
  if (share === undefined) return {};
  notes.taken(PATH);
  if (share < 0 || share > 100) {
    notes.lost(
      PATH,
      `${share} is no share from 0 to 100: a new revision takes all the traffic once it is ready`,
    );
    return {};
  }
  if (share === 100) return {};
  if (share > 0) return { steps: [{ weight: share }] };
  notes.check(
    PATH,
    'a new revision starts and gets no traffic, as with KServe; set rollout.paused to false to move it on',
  );
  return { paused: true };
}
