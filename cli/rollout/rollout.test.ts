import { describe, expect, test } from 'vitest';
import { CliError } from '../exit.ts';
import { annotated, rollingOut } from '../status/rollout-fixtures.ts';
import { condition, deployment, revision, revisionName, rollback } from '../testing.ts';
import { abortPlan } from '../undo/abort.ts';
import { onItsWay } from './candidate.ts';
import type { RolloutInput } from './candidate.ts';
import { pausing, resuming } from './pausing.ts';
import { promotion, promotionState } from './promotion.ts';

const REVISIONS = [revision(1, 'Stable'), revision(2, 'Candidate')];
const at = (object: RolloutInput['deployment'], change: Partial<RolloutInput> = {}): RolloutInput => ({
  deployment: object,
  revisions: REVISIONS,
  rollbacks: [],
  ...change,
});
const holdUntil = '2026-03-01T12:03:00Z';
const step = rollingOut({ phase: 'Step', step: 2, weight: 25, holdUntil });
const calm = deployment({ conditions: [condition('Ready', 'True')], stableRevision: revisionName(1) });
const one = { full: false, revision: undefined };

function refusal(work: () => unknown): CliError {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('promote ends the hold that the rollout is in', () => {
  test.each([
    ['a step', step, '2/2'],
    ['the shadow phase', rollingOut({ phase: 'Shadow', step: 0, holdUntil }), '2/0'],
    [
      'a step that waits for a person',
      rollingOut({ phase: 'Step', step: 3 }, { reason: 'WaitingForPromotion' }),
      '2/3',
    ],
    ['a pause after a failed check', rollingOut({ phase: 'Paused', step: 1 }, { reason: 'Paused' }), '2/1'],
    ['a paused step', rollingOut({ phase: 'Step', step: 1 }, { reason: 'Paused' }), '2/1'],
    ['a pause before the first step', rollingOut({ phase: 'Paused', step: 0 }, { reason: 'Paused' }), '2/0'],
  ])('%s', (_case, object, value) => {
    expect(promotion(at(object), one)).toMatchObject({ value, already: false });
  });

  test('--full skips what comes, and may be asked for while its pods start', () => {
    expect(promotion(at(step), { ...one, full: true }).value).toBe('2/full');
    expect(promotion(at(rollingOut({ phase: 'Starting' })), { ...one, full: true }).value).toBe('2/full');
  });

  test('--step ends the hold of that step alone: behind it nothing is written, before it is an error', () => {
    expect(promotion(at(step), { ...one, step: 2 })).toMatchObject({
      value: '2/2',
      past: false,
      already: false,
    });
    expect(promotion(at(step), { ...one, step: 1 })).toMatchObject({ past: true, already: true });
    const last = at(rollingOut({ phase: 'Promoting', step: 3 }));
    expect(promotion(last, { ...one, step: 3 })).toMatchObject({ past: true, already: true });
    expect(refusal(() => promotion(at(step), { ...one, step: 3 })).message).toBe(
      'revision 2 is at step 2 of 3 at 25 %, not at step 3 yet: nothing was promoted',
    );
  });

  test('--full while it is watched ends the watch, by the number of the stable revision', () => {
    const { candidateRevision: _gone, ...status } = rollingOut({ phase: 'Baking' }).status ?? {};
    const watched = { ...step, status: { ...status, stableRevision: revisionName(2), revision: 2 } };
    const found = promotion(at(watched), { ...one, full: true });
    expect(found.value).toBe('2/full');
    expect(promotionState(at(watched), found.candidate, true).kind).toBe('waiting');
    const over = deployment({ stableRevision: revisionName(2) });
    expect(promotionState(at(over), found.candidate, true).kind).toBe('done');
    expect(promotionState(at(calm), found.candidate, true).kind).toBe('failed');
  });

  test('asked twice it is known to be so already', () => {
    const twice = annotated(step, { 'windlass.dev/promote': '2/2' });
    expect(promotion(at(twice), one).already).toBe(true);
    expect(promotion(at(twice), { ...one, full: true }).already).toBe(false);
  });

  test('content that came back is promoted by its new number', () => {
    const again = revision(2, 'Candidate');
    const renumbered = {
      ...again,
      metadata: { ...again.metadata, annotations: { 'windlass.dev/revision-number': '7' } },
    };
    expect(promotion(at(step, { revisions: [revision(1, 'Stable'), renumbered] }), one).value).toBe('7/2');
  });

  test('--revision guards against a candidate that nobody has looked at', () => {
    expect(promotion(at(step), { ...one, revision: '2' }).value).toBe('2/2');
    expect(promotion(at(step), { ...one, revision: revisionName(2) }).value).toBe('2/2');
    const error = refusal(() => promotion(at(step), { ...one, revision: '3' }));
    expect(error.message).toBe('the candidate is revision 2 by now, not 3: nothing was promoted');
    expect(error.exitCode).toBe(2);
  });

  test('one that is paused by annotation as well is told so', () => {
    const both = annotated(step, { 'windlass.dev/paused': '2' });
    expect(promotion(at(both), one).note).toContain('kubectl windlass resume bankchurn -n churn');
  });
});

describe('promote is refused, with the reason and what to do', () => {
  test('because it was said before the failure, which says nothing of it', () => {
    const waitingFor =
      'It failed. Take kubectl annotate modeldeployment bankchurn windlass.dev/promote- away.';
    const failed = rollingOut({ phase: 'Paused', step: 1, waitingFor }, { reason: 'Paused' });
    const before = annotated(failed, { 'windlass.dev/promote': '2/1' });
    expect(refusal(() => promotion(at(before), one)).message).toContain('was promoted before it failed');
    expect(promotion(at(before), { ...one, full: true }).value).toBe('2/full');
  });

  const undone = deployment({
    conditions: [condition('Ready', 'False', 'RolledBack'), condition('Stalled', 'True')],
    stableRevision: revisionName(1),
  });
  const { candidateRevision: _none, ...resolving } = rollingOut({ phase: 'Resolving' }).status ?? {};
  const { candidateRevision: _gone, ...baking } = rollingOut({ phase: 'Baking' }).status ?? {};
  test.each([
    ['nothing is on its way', at(calm), 'nothing of bankchurn is on its way (revision 1 serves)'],
    ['an undo holds', at(undone, { rollbacks: [rollback('u', 1, 'Active')] }), 'the undo u holds'],
    ['the source is still read', at({ ...step, status: resolving }), 'still being read and checked'],
    [
      'its hold is over, and the next pods start',
      at(rollingOut({ phase: 'Step', step: 1, waitingFor: '1 of 2 pods are ready.' })),
      'waits for nobody: 1 of 2 pods are ready.',
    ],
    ['its pods start', at(rollingOut({ phase: 'Starting' })), 'waits for nobody yet: its pods are starting'],
    [
      'it is being promoted',
      at(rollingOut({ phase: 'Promoting' })),
      'waits for nobody: it is being promoted',
    ],
    [
      'it is promoted and watched',
      at({ ...step, status: { ...baking, stableRevision: revisionName(2) } }),
      'is promoted already and being watched',
    ],
    [
      'the operator has not looked at the newest spec',
      at({ ...step, metadata: { ...step.metadata, generation: 9 } }),
      'has not looked at the newest spec',
    ],
  ])('%s', (_case, input, message) => {
    const error = refusal(() => promotion(input, one));
    expect(error.message).toContain(message);
    expect(error.hint).toContain('kubectl ');
    expect(error.exitCode).toBe(2);
  });
});

describe('a promotion is done once the rollout has left its place', () => {
  const from = onItsWay(at(step), 'promote');
  test.each([
    ['not taken up', step, false, 'waiting'],
    ['at the next step', rollingOut({ phase: 'Step', step: 3, weight: 50 }), false, 'done'],
    ['promoting', rollingOut({ phase: 'Promoting', step: 2 }), false, 'done'],
    ['all of it: not at the next step', rollingOut({ phase: 'Promoting', step: 3 }), true, 'waiting'],
    ['stable', deployment({ stableRevision: revisionName(2) }), true, 'done'],
    ['gone', calm, false, 'failed'],
    [
      'ignored',
      rollingOut(
        { phase: 'Step', step: 2 },
        { message: 'It waits. The annotation windlass.dev/promote is "2/9", and the rollout has 3 steps.' },
      ),
      false,
      'failed',
    ],
    [
      'rejected',
      deployment({ conditions: [condition('Stalled', 'True')], stableRevision: revisionName(1) }),
      true,
      'failed',
    ],
  ])('%s', (_case, object, full, kind) => {
    expect(promotionState(at(object), from, full).kind).toBe(kind);
  });
});

describe('pause and resume', () => {
  const paused = annotated(step, { 'windlass.dev/paused': '2' });

  test('a pause names its candidate, and is good for that one alone', () => {
    expect(pausing(at(step))).toMatchObject({
      annotation: 'windlass.dev/paused',
      value: '2',
      already: false,
    });
    expect(pausing(at(annotated(step, { 'windlass.dev/paused': '1' }))).already).toBe(false);
  });

  test('both may be asked for twice', () => {
    expect(pausing(at(paused))).toMatchObject({ already: true });
    expect(resuming(at(paused))).toMatchObject({ value: undefined, already: false });
    expect(resuming(at(step))).toMatchObject({ already: true, message: 'bankchurn is not paused' });
  });

  test('what is stable already or not there cannot be paused', () => {
    expect(refusal(() => pausing(at(calm))).message).toContain('nothing of bankchurn is on its way');
    expect(refusal(() => pausing(at(rollingOut({ phase: 'Promoting' })))).hint).toContain('windlass undo');
  });

  test('a pause of the spec and one of a failed check are not this command’s to end', () => {
    const spec = { ...step.spec, rollout: { ...step.spec.rollout, paused: true } };
    expect(refusal(() => resuming(at({ ...step, spec }))).message).toContain('rollout.paused: true');
    const failed = rollingOut({ phase: 'Paused', step: 2 }, { reason: 'Paused' });
    expect(refusal(() => resuming(at(failed))).hint).toContain('kubectl windlass promote bankchurn -n churn');
  });
});

describe('abort keeps the revision that serves', () => {
  test('it is an undo to the stable revision, from the candidate', () => {
    const planned = abortPlan(at(step));
    expect(planned).toMatchObject({
      kind: 'abort',
      plan: { from: { metadata: { name: revisionName(2) } }, to: { metadata: { name: revisionName(1) } } },
    });
  });

  test('asked twice: the first is waited for, and one that holds is enough', () => {
    const asked = rollback('bankchurn-undo-2-to-1', 1, undefined);
    expect(abortPlan(at(step, { rollbacks: [asked] }))).toMatchObject({ kind: 'requested', rollback: asked });
    const holds = rollback('bankchurn-undo-2-to-1', 1, 'Active');
    expect(abortPlan(at(calm, { rollbacks: [holds] }))).toMatchObject({ kind: 'done', rollback: holds });
    const ended = rollback('bankchurn-undo-2-to-1', 1, 'Superseded');
    expect(abortPlan(at(step, { rollbacks: [ended] })).kind).toBe('abort');
  });

  test('a first revision and a stable deployment have nothing to abort', () => {
    const { stableRevision: _none, ...status } = step.status ?? {};
    expect(refusal(() => abortPlan(at({ ...step, status }))).message).toContain('is the first revision');
    expect(refusal(() => abortPlan(at(calm))).message).toContain('there is nothing to abort');
  });
});
