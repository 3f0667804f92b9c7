import { describe, expect, test } from 'vitest';
import { asciiSigns } from '../format/index.ts';
import { condition, deployment, NOW, pod, revision, revisionName, rollback, RUNNING } from '../testing.ts';
import { nextSteps } from './next-step.ts';
import { annotated, CHECKS, FAILING, readings, rollingOut } from './rollout-fixtures.ts';
import { renderTree } from './tree.ts';
import type { TreeOptions } from './tree.ts';
import { statusView } from './view.ts';
import type { Readings } from './view.ts';

const tree = (input: Readings, options: Partial<TreeOptions> = {}) =>
  renderTree(statusView(input), { now: NOW, ...options });
/** The rollout's own lines: between the first bare branch and the second. */
const block = (input: Readings, options: Partial<TreeOptions> = {}) =>
  tree(input, options)
    .split('│\n')[1]
    ?.split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^│ {2}/, ''));
const next = (input: Readings, watching = false) => nextSteps(statusView(input), watching);

describe('the rollout is shown by its phase', () => {
  test('Starting: its pods', () => {
    const input = readings(
      rollingOut({ phase: 'Starting', step: 0, weight: 0, pods: 0, podsWanted: 1, waitingFor: 'its pods' }),
    );
    expect(tree(input)).toContain('bankchurn (namespace churn): Starting, revision 1 serves');
    expect(block(input)).toEqual([
      'Starting   0 of 1 candidate pods ready',
      'plan    5 % → 25 % → 50 % → 100 %',
      'hold    none; here for 2m',
      'waits   its pods',
    ]);
    expect(next(input)).toEqual([
      'kubectl windlass status bankchurn -n churn --watch',
      'kubectl windlass abort bankchurn -n churn',
    ]);
  });

  test('Shadow: copies, what the comparison came to, and what each pod applies', () => {
    const shadow = { compared: 1200, agreed: 1199, failed: 1, dropped: 3, p99Difference: '0.013' };
    const applied = new Map([
      [`${revisionName(1)}-aa`, { weight: 0, shadow: 100, generation: 7 }],
      [`${revisionName(1)}-bb`, { weight: 0, shadow: 0, generation: 6 }],
    ]);
    const object = rollingOut({
      phase: 'Shadow',
      step: 0,
      weight: 0,
      holdUntil: '2026-03-01T12:03:12Z',
      checks: CHECKS,
      shadow,
    });
    const input = readings(object, { applied });
    expect(block(input)).toEqual([
      'Shadow   stable 100 % ████████████████████ candidate 0 %, copies of 100 %',
      'plan    5 % → 25 % → 50 % → 100 %',
      'hold    3m12s left, held until 12:03:12 UTC',
      '✓ errorRate     0.2 %        at most 1 %                             1204 samples',
      '… latency p95   no reading   at most 2 times the stable revision’s   40 samples',
      '    40 of 100 samples',
      'shadow  99.9 % of 1200 copies answered alike, p99 difference 0.013, 1 failed, 3 not sent',
    ]);
    expect(tree(input)).toContain('aa   Ready      passes on 0 %, copies 100 %              60m');
    expect(tree(input)).toContain('bb   Ready      passes on 0 %, has traffic file 6 of 7   60m');
  });

  test('Step: the weight as a bar, the step in the plan, and the time that is left', () => {
    const object = rollingOut({
      phase: 'Step',
      step: 2,
      weight: 25,
      holdUntil: '2026-03-01T12:01:12Z',
      pods: 1,
      podsWanted: 1,
    });
    expect(block(readings(object))).toEqual([
      'Step 2 of 3   stable 75 % ███████████████░░░░░ candidate 25 %   1 of 1 candidate pods ready',
      'plan    ✓ 5 % → [25 %] → 50 % → 100 %',
      'hold    72s left, held until 12:01:12 UTC',
    ]);
    expect(block(readings(object), { now: new Date(NOW.getTime() + 1000) })).toContain(
      'hold    71s left, held until 12:01:12 UTC',
    );
    expect(block(readings(object), { now: new Date('2026-03-01T12:02:00Z') })).toContain(
      'hold    over since 12:01:12 UTC: every check has to pass now',
    );
    expect(next(readings(object), true)).toEqual([
      'kubectl windlass promote bankchurn -n churn   # ends this hold now',
      'kubectl windlass abort bankchurn -n churn',
    ]);
  });

  test('WaitingForPromotion: it says that a person has to go on, and how', () => {
    const input = readings(
      rollingOut({ phase: 'Step', step: 3, weight: 50 }, { reason: 'WaitingForPromotion' }),
    );
    expect(block(input)).toContain(
      'hold    waits for a person: this step has no hold that ends by itself; here for 2m',
    );
    expect(next(input)).toEqual([
      'kubectl windlass promote bankchurn -n churn',
      'kubectl windlass abort bankchurn -n churn',
    ]);
  });

  test('Paused by a failed check: the check, its value against its limit, and the choice', () => {
    const input = readings(
      rollingOut({ phase: 'Paused', step: 2, weight: 0, checks: FAILING }, { reason: 'Paused' }),
    );
    expect(tree(input)).toContain('(namespace churn): Paused at step 2 of 3, revision 1 serves');
    expect(block(input)).toEqual([
      'Paused at step 2 of 3   stable 100 % ████████████████████ candidate 0 %',
      'plan    ✓ 5 % → [25 %] → 50 % → 100 %',
      'hold    waits for a person: it failed, and gets no traffic; here for 2m',
      '✗ errorRate   4.1 %   at most 1 %   980 samples',
      '    Revision 2 failed 40 of 980 requests in 1m; callers got revision 1’s answers.',
    ]);
    expect(next(input)[0]).toBe('kubectl windlass abort bankchurn -n churn');
  });

  test('paused by annotation leads to resume, and another candidate’s annotation does not', () => {
    const object = rollingOut({ phase: 'Step', step: 2, weight: 25 }, { reason: 'Paused' });
    const mine = readings(annotated(object, { 'windlass.dev/paused': '2' }));
    expect(block(mine)).toContain('hold    paused by a person, until it is resumed; here for 2m');
    expect(next(mine)[0]).toBe('kubectl windlass resume bankchurn -n churn');
    expect(next(mine)[1]).toMatch(/^kubectl windlass promote bankchurn -n churn /);
    const old = readings(annotated(object, { 'windlass.dev/paused': '1' }));
    expect(next(old)[0]).not.toContain('resume');
  });

  test('Promoting: all steps are done', () => {
    const input = readings(rollingOut({ phase: 'Promoting', step: 3, weight: 50, pods: 1, podsWanted: 2 }));
    expect(block(input)?.slice(0, 2)).toEqual([
      'Promoting   stable 50 % ██████████░░░░░░░░░░ candidate 50 %   1 of 2 candidate pods ready',
      'plan    ✓ 5 % → ✓ 25 % → ✓ 50 % → [100 %]',
    ]);
  });

  test('Baking: the new one serves and is watched, and undo is the way back', () => {
    const object = rollingOut(
      { phase: 'Baking', step: 3, holdUntil: '2026-03-01T12:04:00Z' },
      { status: { stableRevision: revisionName(2) } },
    );
    const input = readings(object, { revisions: [revision(2, 'Stable'), revision(1, 'Warm')] });
    expect(tree(input)).toContain('(namespace churn): Baking, revision 2 serves');
    expect(block(input)).toContain('hold    4m left, watched until 12:04:00 UTC');
    expect(next(input, true)).toEqual([
      'kubectl windlass undo bankchurn -n churn',
      'kubectl windlass promote bankchurn -n churn --full   # keep it, and end the watch',
    ]);
  });

  test('Baking that failed, with onFailure pause: a person keeps it or takes it back', () => {
    const object = rollingOut(
      { phase: 'Baking', step: 3, checks: FAILING },
      { reason: 'Paused', status: { stableRevision: revisionName(2) } },
    );
    const input = readings(object, { revisions: [revision(2, 'Stable'), revision(1, 'Warm')] });
    expect(block(input)).toContain(
      'hold    waits for a person: it failed while it was watched, and serves on; here for 2m',
    );
    expect(next(input)[0]).toBe('kubectl windlass undo bankchurn -n churn');
  });

  test('a step whose hold is over and whose next pods start has no hold to end', () => {
    const input = readings(rollingOut({ phase: 'Step', step: 2, weight: 25, waitingFor: '1 of 2 pods' }));
    expect(block(input)).toContain('hold    none; here for 2m');
    expect(next(input, true)).toEqual(['kubectl windlass abort bankchurn -n churn']);
  });

  test('undone: by whom, when and why, with what was rejected', () => {
    const undo = rollback('bankchurn-auto-2', 1, 'Active', 2);
    const object = deployment({
      conditions: [condition('Ready', 'False', 'RolledBack'), condition('Stalled', 'True')],
      stableRevision: revisionName(1),
    });
    const text = tree(
      readings(object, {
        revisions: [revision(1, 'Stable'), revision(2, 'Rejected', { reason: 'CheckFailed' })],
        rollbacks: [{ ...undo, spec: { ...undo.spec, requestedBy: 'windlass', reason: 'errorRate 4.1 %' } }],
        pods: [pod(1, 'aa', RUNNING)],
      }),
    );
    expect(text).toContain('│  undone by windlass, 60m ago: errorRate 4.1 %');
    expect(text).toContain('└─ rejected   revision 2');
  });
});

test('what the message below the tree says is not said twice', () => {
  const waitingFor = 'Its hold is over: 1 of the 2 pods of the next step are ready.';
  const object = rollingOut(
    { phase: 'Step', step: 2, weight: 25, waitingFor },
    { message: `Revision 2 is at step 2 of 3. ${waitingFor}` },
  );
  expect(tree(readings(object)).split(waitingFor)).toHaveLength(2);
});

test('a first revision has nothing to abort to', () => {
  const object = rollingOut({ phase: 'Starting' }, { status: { stableRevision: 'none-yet' } });
  expect(next(readings(object, { revisions: [revision(2, 'Candidate')] }))).toEqual([
    'kubectl windlass status bankchurn -n churn --watch',
  ]);
});

test('a terminal without UTF-8 gets the same tree in ASCII', () => {
  const object = rollingOut({ phase: 'Step', step: 2, weight: 25, checks: FAILING });
  const text = tree(readings(object), { signs: asciiSigns });
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  expect(text).toContain('|  Step 2 of 3   stable 75 % ###############..... candidate 25 %');
  expect(text).toContain('|- stable');
  expect(text).toContain('|  x errorRate   4.1 %');
});
