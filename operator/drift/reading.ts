import type { FeatureState } from '#contract/psi.ts';

/** A feature of all pods together, against the training data. */
export interface FeatureDrift {
  readonly name: string;
  readonly psi: number;
  /** The index above which it has drifted: the one asked for, or what chance explains where that is more. */
  readonly limit: number;
  readonly state: FeatureState;
}

/** What the pods of a stable revision said, added up over the window. */
export type DriftReading =
  /** Nobody answered yet, and it is too early to say that nobody will. */
  | { readonly is: 'unread' }
  | { readonly is: 'unreachable'; readonly revision: string; readonly why: string }
  | { readonly is: 'noReference'; readonly revision: string; readonly why: string }
  | {
      readonly is: 'measured';
      readonly revision: string;
      /** The farthest first. */
      readonly features: readonly FeatureDrift[];
      /** The window has been counted in its full length. */
      readonly complete: boolean;
      /** Features that only the pods compare, because there are too many. */
      readonly leftOut: number;
    };

export const UNREAD: DriftReading = { is: 'unread' };

/** What a plan wants to be added up from now on. Another revision or window begins anew. */
export interface DriftRequest {
  readonly revision: string;
  /** Those that are asked. */
  readonly pods: readonly { readonly uid: string; readonly ip: string }[];
  /** UIDs of those that are there and not ready: not asked, and not forgotten. */
  readonly unready: readonly string[];
  readonly windowMs: number;
  readonly maxPsi: number;
  readonly minSamples: number;
}

/** An index moves by chance all the time: only so much of it is worth another look at the ModelDeployment. */
const STEP = 0.05;
const RATIO = 1.2;

/** A text that changes when a reading has something new to tell. */
export function gistOf(reading: DriftReading): string {
  if (reading.is !== 'measured') return JSON.stringify(reading);
  const { revision, features, complete, leftOut } = reading;
  const drifted = features.filter(({ state }) => state === 'drifted');
  return JSON.stringify({
    revision,
    complete,
    leftOut,
    enough: features.some(({ state }) => state !== 'tooFewRows'),
    drifted: drifted.map(({ name, psi }) => [name, Math.round(Math.log(psi) / Math.log(RATIO))]),
    farthest: Math.round((features[0]?.psi ?? 0) / STEP),
  });
}
