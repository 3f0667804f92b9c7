import type { FailureReason } from '#contract/failure.ts';
import type { CheckResult } from './check-result.ts';
import { FULL } from './progress.ts';
import type { Stage } from './stages.ts';

/** Everything that the next move of a candidate depends on. Times are milliseconds. */
export interface Standing {
  readonly stages: readonly Stage[];
  /** The stage that it is at; undefined before its pods were ready for the first time. */
  readonly at: number | undefined;
  /** How long it has been there, and how much of that was watched without a gap. */
  readonly elapsedMs: number;
  readonly watchedMs: number;
  /** As much as must have been watched before a hold can end: the checks' longest window. */
  readonly watchMs: number;
  /** How long ago its hold was over; undefined while it lasts. */
  readonly doneMs: number | undefined;
  /** How long somebody attended to it: neither paused nor without an operator. Deadlines count this alone. */
  readonly attendedMs: number;
  /** How long it waits for the same number of pods. */
  readonly growingMs: number;
  /** It failed here, and a person has to decide; `through`: what had been allowed by then. */
  readonly failed: (Failed & { readonly through: number }) | undefined;
  /** What its pods show that no other try can mend, crashes among it. */
  readonly broken: Failed | undefined;
  /** What its pods show that may pass. */
  readonly ailing: Failed | undefined;
  readonly checks: readonly CheckResult[];
  readonly ready: number;
  readonly full: number;
  /** How long none of its pods has been ready. */
  readonly idleMs: number;
  readonly paused: boolean;
  /** Holds up to this stage are over, because a person said so; -1: none. */
  readonly promotedThrough: number;
  readonly deadlineMs: number;
  /** How long the candidate has been starting. */
  readonly startingMs: number;
  readonly onFailure: 'undo' | 'pause';
}

export interface Failed {
  readonly reason: FailureReason;
  readonly message: string;
}

/** Why nothing moves. */
export type Wait = 'hold' | 'person' | 'checks' | 'pods' | 'growing' | 'paused' | 'failed';

export type Move =
  | { readonly do: 'start' }
  /** `pods`: as many as it should have meanwhile; `idle`: it gets no requests. */
  | { readonly do: 'stay'; readonly why: Wait; readonly pods: number; readonly idle: boolean }
  | { readonly do: 'enter'; readonly stage: number }
  | { readonly do: 'promote' }
  /** Before it got any traffic. */
  | { readonly do: 'reject'; readonly failure: Failed }
  /** After it did: the stable revision is undone to, or a person decides. */
  | { readonly do: 'undo'; readonly failure: Failed }
  | { readonly do: 'pause'; readonly failure: Failed };

interface Row {
  readonly when: string;
  readonly move: (standing: Standing) => Move | undefined;
}

/** The state table: the first row that has an answer decides. */
export const ROWS: readonly Row[] = [
  {
    when: 'it failed, and nobody has decided: it waits without traffic, or is undone',
    move: (s) => {
      if (s.failed === undefined || overruled(s)) return undefined;
      // An undo that could not be written, or a spec that says so by now.
      return s.onFailure === 'undo' ? { do: 'undo', failure: s.failed } : stay(s, 'failed', { idle: true });
    },
  },
  {
    when: 'its pods show a failure that no other try can mend',
    move: (s) => (s.broken === undefined || overruled(s) ? undefined : fail(s, s.broken)),
  },
  {
    when: 'its first pods are not ready: it starts, for as long as the deadline allows',
    move: (s) => {
      if (s.at !== undefined || s.ready >= firstPods(s)) return undefined;
      if (s.startingMs < s.deadlineMs) return { do: 'start' };
      return { do: 'reject', failure: s.ailing ?? late(`${s.ready} of ${firstPods(s)} pods were ready`) };
    },
  },
  {
    when: 'its first pods are ready: the first stage begins',
    move: (s) =>
      s.at === undefined ? (s.stages.length === 0 ? promote(s) : { do: 'enter', stage: 0 }) : undefined,
  },
  {
    when: 'none of its pods is ready any more: it gets nothing until one is',
    move: (s) => {
      if (s.ready > 0 || stageOf(s).pods === 0) return undefined;
      if (s.idleMs < s.deadlineMs) return stay(s, 'pods', { idle: true });
      return fail(s, s.ailing ?? late('none of its pods was ready'));
    },
  },
  {
    when: 'a check fails',
    move: (s) => {
      const failing = s.checks.find(({ state }) => state === 'fail');
      if (failing === undefined || overruled(s)) return undefined;
      return fail(s, { reason: 'CheckFailed', message: failing.message });
    },
  },
  {
    when: 'somebody paused it',
    move: (s) => (s.paused && !isPromoted(s) ? stay(s, 'paused') : undefined),
  },
  {
    when: 'the hold is not over',
    move: (s) => {
      const { holdMs } = stageOf(s);
      if (isOver(s) || holdMs === 'person') return undefined;
      const over = s.elapsedMs >= holdMs && s.watchedMs >= Math.min(holdMs, s.watchMs);
      // What nobody can watch must not hold for ever.
      const overdue = s.attendedMs >= holdMs + s.deadlineMs;
      return over || overdue ? undefined : stay(s, 'hold');
    },
  },
  {
    when: 'a check has no answer yet: the hold goes on, for as long as the deadline allows',
    move: (s) => {
      const waiting = s.checks.find(({ state }) => state === 'wait');
      if (isOver(s) || waiting === undefined) return undefined;
      const { holdMs } = stageOf(s);
      const beyond = holdMs === 'person' ? 0 : s.attendedMs - holdMs;
      return beyond < s.deadlineMs
        ? stay(s, holdMs === 'person' ? 'person' : 'checks')
        : fail(s, late(`the check ${waiting.name} had no answer: ${waiting.message}`));
    },
  },
  {
    when: 'it stays here until somebody promotes it',
    move: (s) => (stageOf(s).holdMs === 'person' && !isOver(s) ? stay(s, 'person') : undefined),
  },
  {
    when: 'the pods of what comes next are not ready: it grows, for as long as the deadline allows',
    move: (s) => {
      const pods = nextPods(s);
      if (s.ready >= pods) return undefined;
      if (s.growingMs < s.deadlineMs) return { ...stay(s, 'growing'), pods };
      return fail(s, s.ailing ?? late(`${s.ready} of the ${pods} pods of the next step were ready`));
    },
  },
  {
    when: 'that was the last stage',
    move: (s) => (nextStage(s) === 'promotion' ? { do: 'promote' } : undefined),
  },
  {
    when: 'the next stage begins',
    move: (s) => {
      const next = nextStage(s);
      return next === 'promotion' ? undefined : { do: 'enter', stage: next };
    },
  },
];

/** What becomes of a candidate that stands so. */
export function decideMove(standing: Standing): Move {
  for (const row of ROWS) {
    const move = row.move(standing);
    if (move !== undefined) return move;
  }
  return { do: 'promote' };
}

function stageOf({ stages, at = 0 }: Standing): Stage {
  return (
    stages[Math.min(at, stages.length - 1)] ?? { kind: 'Gate', weight: 0, shadow: 0, holdMs: 0, pods: 1 }
  );
}

/** Somebody said that it may go past where it is. */
function isPromoted({ at = 0, promotedThrough }: Standing): boolean {
  return promotedThrough >= at;
}

/** Its hold is over, and that is remembered or was said by a person. */
function isOver(s: Standing): boolean {
  // A step that waits for a person by now may have had a hold when that was over.
  return isPromoted(s) || (s.doneMs !== undefined && stageOf(s).holdMs !== 'person');
}

/** A person saw what failed here and lets it go on: what was allowed before the failure does not count. */
function overruled(s: Standing): boolean {
  return s.failed !== undefined && isPromoted(s) && s.promotedThrough > s.failed.through;
}

function firstPods(s: Standing): number {
  return s.stages[0]?.pods ?? s.full;
}

/** Where it goes from here; promoted through all stages, it goes straight to the promotion. */
export function nextStage({ stages, at = 0, promotedThrough }: Standing): number | 'promotion' {
  if (promotedThrough === FULL) return 'promotion';
  return at + 1 < stages.length ? at + 1 : 'promotion';
}

function nextPods(s: Standing): number {
  const next = nextStage(s);
  return next === 'promotion' ? s.full : (s.stages[next]?.pods ?? s.full);
}

function stay(s: Standing, why: Wait, { idle = false } = {}): Extract<Move, { do: 'stay' }> {
  const pods = s.doneMs === undefined ? stageOf(s).pods : Math.max(stageOf(s).pods, nextPods(s));
  return { do: 'stay', why, pods, idle };
}

function promote(s: Standing): Move {
  return s.ready >= s.full ? { do: 'promote' } : { do: 'start' };
}

/** Before any traffic it is rejected; after that, what the spec says of failures. */
function fail(s: Standing, failure: Failed): Move {
  if (s.at === undefined || stageOf(s).kind === 'Gate') return { do: 'reject', failure };
  return { do: s.onFailure, failure };
}

function late(found: string): Failed {
  return {
    reason: 'DeadlineExceeded',
    message: `It took longer than rollout.progressDeadline: ${found}.`,
  };
}
