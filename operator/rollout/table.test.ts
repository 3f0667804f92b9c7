import { describe, expect, test } from 'vitest';
import type { CheckResult } from './check-result.ts';
import { FULL } from './progress.ts';
import { sizesOf, stagesOf, stablePods, type Stage } from './stages.ts';
import { rolloutSettingsSchema } from '#operator/api/rollout-settings.ts';
import { decideMove, ROWS, type Move, type Standing } from './table.ts';

const MINUTE = 60_000;
const gate: Stage = { kind: 'Gate', weight: 0, shadow: 0, holdMs: 0, pods: 4 };
const stages: readonly Stage[] = [
  { kind: 'Shadow', weight: 0, shadow: 100, holdMs: 2 * MINUTE, pods: 4 },
  { kind: 'Step', weight: 5, shadow: 0, holdMs: 2 * MINUTE, pods: 1 },
  { kind: 'Step', weight: 50, shadow: 0, holdMs: 'person', pods: 2 },
];

/** In the middle of the hold of step 1, all well. */
const holding: Standing = {
  stages,
  at: 1,
  elapsedMs: MINUTE,
  watchedMs: MINUTE,
  watchMs: MINUTE,
  doneMs: undefined,
  failed: undefined,
  broken: undefined,
  ailing: undefined,
  checks: [],
  ready: 4,
  full: 4,
  idleMs: 0,
  attendedMs: MINUTE,
  growingMs: 0,
  paused: false,
  promotedThrough: -1,
  deadlineMs: 10 * MINUTE,
  startingMs: MINUTE,
  onFailure: 'undo',
};
const over = { elapsedMs: 2 * MINUTE, watchedMs: 2 * MINUTE, attendedMs: 2 * MINUTE };
const check = (state: CheckResult['state']): CheckResult => ({
  name: 'errorRate',
  state,
  limit: 'at most 1 %',
  message: `it is ${state}`,
});
const crash = { reason: 'CrashLoop', message: 'it ended with exit code 1' } as const;
const failed = { ...crash, through: -1 };

/** What a Move says in one word, with the stage or the reason that matters. */
function word(move: Move): string {
  switch (move.do) {
    case 'enter':
      return `enter ${move.stage}`;
    case 'stay':
      return `${move.why}${move.idle ? ' idle' : ''} with ${move.pods}`;
    case 'reject':
    case 'undo':
    case 'pause':
      return `${move.do} ${move.failure.reason}`;
    case 'start':
    case 'promote':
      return move.do;
  }
}

const table: readonly (readonly [string, Partial<Standing>, string])[] = [
  // starting
  ['no pod is ready yet', { at: undefined, ready: 0 }, 'start'],
  ['some of the first stage’s pods are ready', { at: undefined, ready: 3 }, 'start'],
  ['all of the first stage’s pods are ready', { at: undefined, ready: 4 }, 'enter 0'],
  [
    'it starts for longer than the deadline',
    { at: undefined, ready: 0, startingMs: 10 * MINUTE },
    'reject DeadlineExceeded',
  ],
  [
    'it starts for too long, and says why',
    { at: undefined, ready: 0, startingMs: 10 * MINUTE, ailing: crash },
    'reject CrashLoop',
  ],
  ['it starts and is broken', { at: undefined, ready: 0, broken: crash }, 'reject CrashLoop'],
  ['it goes straight and is not at full size', { stages: [], at: undefined, ready: 3 }, 'start'],
  ['it goes straight and is at full size', { stages: [], at: undefined, ready: 4 }, 'promote'],
  // holding
  ['the hold is not over', {}, 'hold with 1'],
  ['the hold is over', over, 'enter 2'],
  [
    'the hold is over by the clock, and was not watched for long',
    { ...over, watchedMs: MINUTE - 1 },
    'hold with 1',
  ],
  ['the hold is over, and a check waits', { ...over, checks: [check('wait')] }, 'checks with 1'],
  [
    'a check waits beyond the deadline',
    { ...over, attendedMs: 12 * MINUTE, checks: [check('wait')] },
    'undo DeadlineExceeded',
  ],
  [
    'a check waits beyond the deadline, and failures pause',
    { ...over, attendedMs: 12 * MINUTE, checks: [check('wait')], onFailure: 'pause' },
    'pause DeadlineExceeded',
  ],
  ['every check passes', { ...over, checks: [check('pass')] }, 'enter 2'],
  ['a check fails', { checks: [check('pass'), check('fail')] }, 'undo CheckFailed'],
  ['a check fails, and failures pause', { checks: [check('fail')], onFailure: 'pause' }, 'pause CheckFailed'],
  ['its pods crash', { broken: crash }, 'undo CrashLoop'],
  ['its pods went away', { ready: 0 }, 'pods idle with 1'],
  ['its pods are away for long', { ready: 0, idleMs: 10 * MINUTE }, 'undo DeadlineExceeded'],
  [
    'its pods are away for long, and say why',
    { ready: 0, idleMs: 10 * MINUTE, ailing: crash },
    'undo CrashLoop',
  ],
  ['one of its pods is left', { ready: 1, ...over, at: 0 }, 'enter 1'],
  // growing
  ['the next step needs more pods', { ...over, ready: 1 }, 'growing with 2'],
  [
    'they do not come',
    { ...over, ready: 1, doneMs: MINUTE, growingMs: 10 * MINUTE },
    'undo DeadlineExceeded',
  ],
  [
    'what is over stays over, though a check waits again',
    { doneMs: 1, checks: [check('wait')], ready: 1 },
    'growing with 2',
  ],
  [
    'what is over is undone all the same when a check fails',
    { doneMs: 1, checks: [check('fail')] },
    'undo CheckFailed',
  ],
  // the last step, which has no hold
  ['a step without a hold waits for a person', { at: 2 }, 'person with 2'],
  ['and for ever', { at: 2, elapsedMs: 1e9, watchedMs: 1e9 }, 'person with 2'],
  [
    'and a check without an answer changes nothing',
    { at: 2, elapsedMs: 5 * MINUTE, checks: [check('wait')] },
    'person with 2',
  ],
  ['the step had a hold before, which was over', { at: 2, doneMs: 1 }, 'person with 4'],
  ['it is promoted past it', { at: 2, promotedThrough: 2 }, 'promote'],
  ['it is promoted, and not at full size', { at: 2, promotedThrough: 2, ready: 2 }, 'growing with 4'],
  // a person
  ['it is promoted past the hold', { promotedThrough: 1 }, 'enter 2'],
  ['it is promoted past an earlier hold', { promotedThrough: 0 }, 'hold with 1'],
  ['it is promoted past all', { promotedThrough: FULL }, 'promote'],
  ['it is promoted past all, and not at full size', { promotedThrough: FULL, ready: 1 }, 'growing with 4'],
  ['it is promoted, and a check fails', { promotedThrough: 1, checks: [check('fail')] }, 'undo CheckFailed'],
  ['it is promoted, and a check waits', { promotedThrough: 1, checks: [check('wait')] }, 'enter 2'],
  ['it is paused', { ...over, paused: true }, 'paused with 1'],
  ['it is paused, and a check fails', { paused: true, checks: [check('fail')] }, 'undo CheckFailed'],
  ['it is paused, and promoted past this', { paused: true, promotedThrough: 1 }, 'enter 2'],
  [
    'it failed and nobody decided',
    { failed, checks: [check('fail')], onFailure: 'pause' },
    'failed idle with 1',
  ],
  ['it failed, and its undo could not be written', { failed }, 'undo CrashLoop'],
  [
    'it failed and a person lets it go on',
    { failed, checks: [check('fail')], broken: crash, promotedThrough: 1 },
    'enter 2',
  ],
  // paused before the first step
  ['at the gate, paused', { stages: [gate], at: 0, paused: true }, 'paused with 4'],
  ['at the gate, not paused', { stages: [gate], at: 0 }, 'promote'],
  ['at the gate, broken', { stages: [gate], at: 0, broken: crash }, 'reject CrashLoop'],
];

describe('the state table', () => {
  test.each(table)('%s', (_, standing, expected) => {
    expect(word(decideMove({ ...holding, ...standing }))).toBe(expected);
  });

  test('every row decides something in these cases', () => {
    const decided = new Set(
      table.map(([, standing]) =>
        ROWS.findIndex(({ move }) => move({ ...holding, ...standing }) !== undefined),
      ),
    );
    expect([...decided].toSorted((a, b) => a - b)).toEqual(ROWS.map((_, index) => index));
  });
});

describe('sizes', () => {
  test.each([
    [4, undefined, 5, 1, 4],
    [4, undefined, 26, 2, 4],
    [4, undefined, 100, 4, 4],
    [1, undefined, 5, 1, 1],
    [4, 0, 25, 1, 3],
    [4, 0, 100, 3, 1],
    [4, 2, 100, 4, 2],
    [1, 0, 100, 1, 0],
    [1, 1, 100, 1, 1],
  ])(
    '%d replicas, surge %s, at %d %%: %d pods of the candidate, %d of the stable one',
    (replicas, surge, weight, pods, stable) => {
      const sizes = sizesOf(replicas, surge);
      const settings = rolloutSettingsSchema.parse({ steps: [{ weight, hold: '1m' }] });
      const [gate, step] = stagesOf(settings, sizes, false);
      const candidate = step?.pods ?? gate?.pods ?? 0;
      expect(candidate).toBe(pods);
      expect(stablePods(sizes, candidate)).toBe(stable);
    },
  );

  test('without room for two the stages are left out: the stable pod makes way', () => {
    const settings = rolloutSettingsSchema.parse({
      steps: [{ weight: 5, hold: '1m' }],
      shadow: { hold: '1m' },
    });
    expect(stagesOf(settings, sizesOf(1, 0), false).map(({ kind }) => kind)).toEqual(['Gate']);
  });
});
