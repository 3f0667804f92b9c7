import type { FailureReason } from '#contract/failure.ts';
import type { Condition } from './schema.ts';

/** kstatus reads Ready, Reconciling and Stalled; Available says whether the stable revision serves; Drifted is there with spec.drift. */
export const CONDITION_TYPES = [
  'Ready',
  'Available',
  'Reconciling',
  'Stalled',
  'ModelResolved',
  'Drifted',
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** A condition's reason: these, or the FailureReason that is its cause. */
export const REASONS = {
  /** The stable revision is what the spec asks for, and all its pods are ready. */
  serving: 'Serving',
  /** It serves, and some of its pods are not ready. */
  scaling: 'Scaling',
  /** It is what the spec asks for, and none of its pods is ready. */
  unavailable: 'Unavailable',
  /** Its pods are ready, and the nodes' routes from its Service to them come about: a few seconds. */
  routing: 'Routing',
  /** Nothing was ever promoted. */
  noStableRevision: 'NoStableRevision',
  scaledToZero: 'ScaledToZero',
  resolving: 'Resolving',
  resolved: 'Resolved',
  starting: 'Starting',
  /** A candidate takes copies or a growing share of the traffic. */
  rollingOut: 'RollingOut',
  /** A step has no hold, or its hold cannot end without a person. */
  waitingForPromotion: 'WaitingForPromotion',
  /** Somebody paused the rollout, or a check failed and the spec says to wait for a person. */
  paused: 'Paused',
  /** Promoted, and watched. */
  baking: 'Baking',
  rollingBack: 'RollingBack',
  rolledBack: 'RolledBack',
  rejected: 'Rejected',
  /** An object that Windlass needs to make has a name that is taken. */
  foreignObject: 'ForeignObject',
  /** The API server, a policy or a quota refuses an object that Windlass needs. */
  refused: 'Refused',
  idle: 'Idle',
  /** What Drifted says. */
  drifted: 'Drifted',
  steady: 'Steady',
  tooFewSamples: 'TooFewSamples',
  noReference: 'NoReference',
  podsUnreachable: 'PodsUnreachable',
} as const;
export type Reason = (typeof REASONS)[keyof typeof REASONS] | FailureReason;

/** The condition of a type, where there is one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** What a condition should say; the time of its last change follows from the one before. */
export type ConditionContent = Omit<Condition, 'lastTransitionTime'> & { readonly type: ConditionType };

/** Conditions with their times: a time moves only where the status does. */
export function withTransitionTimes(
  contents: readonly ConditionContent[],
  before: readonly Condition[] | undefined,
  now: string,
): readonly Condition[] {
  return contents.map((content) => {
    const previous = findCondition(before, content.type);
    const same = previous?.status === content.status;
    return { ...content, lastTransitionTime: same ? previous.lastTransitionTime : now };
  });
}
