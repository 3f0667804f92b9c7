import { describe, expect, test } from 'vitest';
import { NOW, revision, revisionName, rollback } from '../testing.ts';
import { renderHistory, why } from './rows.ts';
import { served } from './served.ts';

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
  expect(row).toContain(
    '60m            now           -         1.9 MiB   bankchurn-1111111111   windlass-runtime:0.1.0   s3://models/bankchurn/1/',
  );
});

describe('why a revision is in its state', () => {
  const undo = { ...rollback('u', 1, 'Active', 2) };
  const explained = { ...undo, spec: { ...undo.spec, requestedBy: 'alice', reason: 'false alarms' } };
  test.each([
    [
      'the undo that holds it, be it brought back or never gone',
      revision(1, 'Stable'),
      [explained],
      'held by alice (false alarms)',
    ],
    ['the undo that took it away', revision(2, 'Warm'), [undo], 'undone by u'],
    ['an undo that has ended says nothing', revision(2, 'Stable'), [rollback('u', 1, 'Superseded', 2)], ''],
    ['a reason alone', revision(4, 'Superseded', { reason: 'NewerSpec' }), [], 'NewerSpec'],
  ])('%s', (_case, object, rollbacks, text) => {
    expect(why(object, rollbacks)).toBe(text);
  });
});

test('undos are listed below the revisions, with who made them, automatic and ended ones too', () => {
  const own = rollback('bankchurn-auto-2', 1, 'Superseded', 2);
  const asked = rollback('bankchurn-undo-3-to-1', 1, undefined, 3);
  const text = renderHistory(
    {
      revisions: [revision(1, 'Stable'), revision(2, 'Rejected')],
      rollbacks: [
        { ...own, spec: { ...own.spec, requestedBy: 'windlass', reason: 'errorRate 4.1 %' } },
        asked,
      ],
    },
    { now: NOW, wide: false },
  );
  expect(text.split('\n\n')[1]?.split('\n')).toEqual([
    'UNDO                    STATE        FROM   TO   BY         AGE   REASON',
    'bankchurn-auto-2        Superseded   2      1    windlass   60m   errorRate 4.1 %',
    'bankchurn-undo-3-to-1   Requested    -      1    -          60m   -',
  ]);
});

describe('when a revision served', () => {
  const promoted = (now: string, before: string, at: string) => ({
    metadata: { name: at },
    eventTime: at,
    reason: 'Promoted',
    note: `Revision ${now} (2) is stable now, before it ${before}.`,
    regarding: { kind: 'ModelDeployment', name: 'bankchurn' },
  });
  const events = [
    promoted(revisionName(2), revisionName(1), '2026-03-01T11:30:00Z'),
    promoted(revisionName(2), revisionName(3), '2026-03-01T11:50:00Z'),
  ];
  test.each([
    ['one that serves', revision(2, 'Stable'), '2026-03-01T11:00:00Z', 'now'],
    ['one that served before', revision(1, 'Retired'), undefined, '2026-03-01T11:30:00Z'],
    ['one that came back', revision(2, 'Retired'), '2026-03-01T11:30:00Z', undefined],
    ['a warm one', revision(4, 'Warm'), undefined, '2026-03-01T11:00:00Z'],
    ['one that never served', revision(5, 'Rejected'), undefined, undefined],
  ] as const)('%s', (_case, object, first, last) => {
    expect(served(object, events)).toEqual({ first, last });
  });
});

test('metrics are shown by the first few', () => {
  const metrics = { auc: 0.86123, f1: 0.6, recall: 0.5, precision: 0.7, ks: 0.4 };
  const model = { name: 'x', version: '1', inputs: [], outputs: [], metrics };
  const text = renderHistory(
    { revisions: [revision(1, 'Stable', { spec: { model } })], rollbacks: [] },
    { now: NOW, wide: true },
  );
  expect(text).toContain('auc=0.8612,f1=0.6,recall=0.5,precision=0.7,…');
});
