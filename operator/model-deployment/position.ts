import type { CheckResult } from '#operator/rollout/check-result.ts';
import type { Progress } from '#operator/rollout/progress.ts';
import type { Wait } from '#operator/rollout/table.ts';
import type { Rollout } from './rollout.ts';

/** Where a candidate stands between its start and its promotion, or a promoted one while it is watched. */
export interface Position {
  readonly kind: 'Gate' | 'Shadow' | 'Step' | 'Bake';
  /** 0: before the first step. */
  readonly step: number;
  readonly steps: number;
  /** Percent of requests, and of copies, that it takes now. */
  readonly weight: number;
  readonly shadow: number;
  readonly why: Wait;
  /** When the hold may end; undefined where a person ends it. */
  readonly holdUntil: number | undefined;
  readonly checks: readonly CheckResult[];
  /** Pods of the candidate that it should have now, and those that are ready. */
  readonly pods: number;
  readonly ready: number;
  readonly progress: Progress;
  /** What a person should know beside: a request that was ignored. */
  readonly ignored: string | undefined;
  /** When to look again, where no event tells. */
  readonly lookAt: number | undefined;
}

/** What of the rollout is to be remembered. */
export function progressOf(rollout: Rollout): Progress | undefined {
  return positionOf(rollout)?.progress;
}

export function positionOf(rollout: Rollout): Position | undefined {
  return rollout.phase === 'Shifting' ? rollout.position : bakeOf(rollout);
}

/** Where a stable revision stands that is watched, be it stable from now on. */
export function bakeOf(rollout: Rollout): Position | undefined {
  return rollout.phase === 'Stable' || rollout.phase === 'Promoting' ? rollout.bake : undefined;
}

export interface Share {
  readonly revision: string;
  readonly number: number;
  readonly weight: number;
  readonly shadow: number;
}

/** What the candidate takes of the traffic, be it nothing for a while; undefined before it takes anything. */
export function shareOf(rollout: Rollout): Share | undefined {
  if (rollout.phase !== 'Shifting') return undefined;
  const { position, candidate } = rollout;
  const { kind, weight, shadow } = position;
  if (kind !== 'Shadow' && kind !== 'Step') return undefined;
  return { revision: candidate.name, number: candidate.number, weight, shadow };
}

/** Whether it waits for a person. */
export function waitsForPerson({ why }: Position): boolean {
  return why === 'person' || why === 'paused' || why === 'failed';
}
