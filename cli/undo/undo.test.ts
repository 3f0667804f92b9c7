import { describe, expect, test } from 'vitest';
import { CliError } from '../exit.ts';
import { condition, deployment, revision, revisionName, rollback } from '../testing.ts';
import { undoState } from './progress.ts';
import { rollbackName, undoPlan } from './target.ts';

const ready = condition('Ready', 'True');
const available = condition('Available', 'True');
const at = (stable: number, candidate?: number) =>
  deployment({
    conditions: [ready, available],
    stableRevision: revisionName(stable),
    specHash: 'v1-abc',
    ...(candidate === undefined ? {} : { candidateRevision: revisionName(candidate) }),
  });

function refusal(work: () => unknown): CliError {
  try {
    work();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('without --to-revision, undo goes to the revision that served before', () => {
  test.each([
    ['the warm one', [revision(1, 'Retired'), revision(2, 'Warm'), revision(3, 'Stable')], 3, [], 2, true],
    [
      'a retired one',
      [revision(1, 'Retired'), revision(2, 'Rejected'), revision(3, 'Stable')],
      3,
      [],
      1,
      false,
    ],
    [
      'never one that was not judged',
      [revision(1, 'Retired'), revision(2, 'Superseded'), revision(3, 'Stable')],
      3,
      [],
      1,
      false,
    ],
    [
      'further back while an undo holds',
      [revision(1, 'Retired'), revision(2, 'Warm'), revision(3, 'Stable')],
      3,
      [rollback('u', 3, 'Active', 2)],
      1,
      false,
    ],
  ] as const)('%s', (_case, revisions, stable, rollbacks, to, warm) => {
    const plan = undoPlan({ deployment: at(stable), revisions, rollbacks, toRevision: undefined });
    expect(plan.to.metadata.name).toBe(revisionName(to));
    expect(plan.warm).toBe(warm);
    expect(plan.fromSpecHash).toBe('v1-abc');
  });
});

describe('a revision is found by number, name or hash', () => {
  const revisions = [revision(1, 'Retired'), revision(2, 'Stable')];
  test.each(['1', revisionName(1), '1111111111'])('%s', (toRevision) => {
    const plan = undoPlan({ deployment: at(2), revisions, rollbacks: [], toRevision });
    expect(plan.to.metadata.name).toBe(revisionName(1));
    expect(rollbackName(plan, 'bankchurn', 0)).toBe('bankchurn-undo-2-to-1');
    expect(rollbackName(plan, 'bankchurn', 1)).toBe('bankchurn-undo-2-to-1-2');
  });
});

test('the spec hash is left to the operator while it has not looked at the newest spec', () => {
  const stale = { ...at(2), metadata: { ...at(2).metadata, generation: 5 } };
  const revisions = [revision(1, 'Warm'), revision(2, 'Stable')];
  const plan = undoPlan({ deployment: stale, revisions, rollbacks: [], toRevision: '1' });
  expect(plan.fromSpecHash).toBeUndefined();
});

describe('while another revision is on its way, undo keeps the one that serves', () => {
  const revisions = [revision(1, 'Warm'), revision(2, 'Stable'), revision(3, 'Candidate')];
  const unresolved = deployment({
    conditions: [condition('Ready', 'False'), available, condition('ModelResolved', 'False')],
    stableRevision: revisionName(2),
  });
  test.each([
    ['a candidate', at(2, 3), undefined, 'bankchurn-undo-3-to-2'],
    ['a candidate, and the stable one named', at(2, 3), '2', 'bankchurn-undo-3-to-2'],
    ['a source that is not resolved', unresolved, undefined, 'bankchurn-undo-spec-to-2'],
    ['one further back may be named', at(2, 3), '1', 'bankchurn-undo-3-to-1'],
  ])('%s', (_case, object, toRevision, name) => {
    const plan = undoPlan({ deployment: object, revisions, rollbacks: [], toRevision });
    expect(rollbackName(plan, 'bankchurn', 0)).toBe(name);
  });
});

describe('there is nothing to undo', () => {
  const revisions = [revision(1, 'Rejected'), revision(2, 'Stable')];
  test.each([
    ['when no earlier one served', at(2), undefined, 'no revision served before revision 2', 3],
    ['when it serves already', at(2), '2', 'revision 2 serves already', 2],
    ['when nothing serves', deployment({ conditions: [ready] }), undefined, 'has no stable revision', 2],
    ['when the revision does not exist', at(2), '9', 'there is no revision 9', 3],
  ])('%s', (_case, object, toRevision, message, exitCode) => {
    const error = refusal(() => undoPlan({ deployment: object, revisions, rollbacks: [], toRevision }));
    expect(error.message).toContain(message);
    expect(error.exitCode).toBe(exitCode);
    expect(error.hint).toBeDefined();
  });
});

describe('an undo serves once it is active, its revision is stable and available', () => {
  const to = revisionName(1);
  test.each([
    ['not taken up', rollback('u', 1, undefined), at(2), 'waiting'],
    ['refused', rollback('u', 1, 'Invalid'), at(2), 'failed'],
    ['overtaken by a spec', rollback('u', 1, 'Superseded'), at(1), 'failed'],
    ['on its way', rollback('u', 1, 'Active'), at(2), 'waiting'],
    ['stable, not available', rollback('u', 1, 'Active'), deployment({ stableRevision: to }), 'waiting'],
    ['done', rollback('u', 1, 'Active'), at(1), 'serves'],
    [
      'done, and scaled to zero',
      rollback('u', 1, 'Active'),
      deployment({ conditions: [condition('Available', 'False', 'ScaledToZero')], stableRevision: to }),
      'scaledToZero',
    ],
  ])('%s', (_case, undo, object, kind) => {
    expect(undoState(undo, object, to).kind).toBe(kind);
  });
});
