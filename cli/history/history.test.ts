import { describe, expect, test } from 'vitest';
import { NOW, revision, rollback } from '../testing.ts';
import { renderHistory, why } from './rows.ts';

const rejected = revision(3, 'Rejected', {
  reason: 'LoadFailed',
  message: 'model.onnx: bad opset\nsecond line',
});

test('the history is a table with the newest revision first', () => {
  const text = renderHistory(
    { revisions: [revision(1, 'Warm'), rejected, revision(2, 'Stable')], rollbacks: [] },
    { now: NOW, wide: false },
  );
  expect(text.split('\n')).toEqual([
    'REVISION   STATE      MODEL   DIGEST         AGE   WHY',
    '3          Rejected   1.3.0   333333333333   60m   LoadFailed: model.onnx: bad opset',
    '2          Stable     1.2.0   222222222222   60m',
    '1          Warm       1.1.0   111111111111   60m',
  ]);
});

test('the wide history adds size, name, image and source', () => {
  const [, row] = renderHistory(
    { revisions: [revision(1, 'Stable')], rollbacks: [] },
    { now: NOW, wide: true },
  ).split('\n');
  expect(row).toContain('1.9 MiB   bankchurn-1111111111   windlass-runtime:0.1.0   s3://models/bankchurn/1/');
});

describe('why a revision is in its state', () => {
  const undo = { ...rollback('u', 1, 'Active', 2) };
  const explained = { ...undo, spec: { ...undo.spec, requestedBy: 'alice', reason: 'false alarms' } };
  test.each([
    [
      'the undo that brought it back',
      revision(1, 'Stable'),
      [explained],
      'brought back by alice (false alarms)',
    ],
    ['the undo that took it away', revision(2, 'Warm'), [undo], 'undone by u'],
    ['an undo that has ended says nothing', revision(2, 'Stable'), [rollback('u', 1, 'Superseded', 2)], ''],
    ['a reason alone', revision(4, 'Superseded', { reason: 'NewerSpec' }), [], 'NewerSpec'],
  ])('%s', (_case, object, rollbacks, text) => {
    expect(why(object, rollbacks)).toBe(text);
  });
});
