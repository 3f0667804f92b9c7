import { describe, expect, test } from 'vitest';
import { NOW } from '../testing.ts';
import { concerns, renderTimeline, timeline } from './timeline.ts';
import type { StoredEvent } from './timeline.ts';

function event(change: Partial<StoredEvent>): StoredEvent {
  return {
    metadata: { name: 'e', creationTimestamp: '2026-03-01T11:00:00Z' },
    eventTime: '2026-03-01T11:50:00.000000Z',
    type: 'Normal',
    reason: 'Promoted',
    note: 'Revision bankchurn-2222222222 (2) is stable now.',
    regarding: { kind: 'ModelDeployment', name: 'bankchurn' },
    ...change,
  };
}

describe('an event concerns the ModelDeployment and what was made for it', () => {
  const whose = { deployment: 'bankchurn', rollbacks: ['by-hand'] };
  test.each([
    ['ModelDeployment', 'bankchurn', true],
    ['ModelDeployment', 'bankchurn-eu', false],
    ['ModelRevision', 'bankchurn-2222222222', true],
    ['Pod', 'bankchurn-2222222222-7d9f-abcde', true],
    ['Pod', 'bankchurn-eu-2222222222-7d9f-abcde', false],
    ['Pod', 'bankchurn2-2222222222-7d9f-abcde', false],
    ['ReplicaSet', 'bankchurn-2222222222-7d9f', true],
    ['HorizontalPodAutoscaler', 'bankchurn', true],
    ['ModelRollback', 'by-hand', true],
    ['ModelRollback', 'bankchurn-auto-2', true],
    ['ModelRollback', 'somebody-else', false],
    [undefined, undefined, false],
  ])('%s %s: %s', (kind, name, expected) => {
    expect(concerns(event({ regarding: { kind, name } }), whose)).toBe(expected);
  });
});

test('the newest is last, by when it was last seen, whichever API wrote it', () => {
  const old = event({
    eventTime: null,
    deprecatedFirstTimestamp: '2026-03-01T11:40:00Z',
    deprecatedLastTimestamp: '2026-03-01T11:59:00Z',
    deprecatedCount: 6,
    type: 'Warning',
    reason: 'Unhealthy',
    note: 'Readiness probe failed:\nHTTP 503',
    regarding: { kind: 'Pod', name: 'bankchurn-2222222222-x' },
  });
  expect(renderTimeline(timeline([old, event({})]), { now: NOW, wide: false }).split('\n')).toEqual(
    [
      'AGE                TYPE      REASON      OBJECT                       MESSAGE',
      '10m                Normal    Promoted    modeldeployment/bankchurn    Revision bankchurn-2222222222 (2) is stable now.',
      '60s (x6 over 20m)  Warning   Unhealthy   pod/bankchurn-2222222222-x   Readiness probe failed: HTTP 503',
    ].map((line) => line.replace('20m)  ', '20m)   ').replace(/^(AGE|10m) {16}/, '$1                 ')),
  );
});

test('the same said of the same object is one line, added up', () => {
  const series = { count: 3, lastObservedTime: '2026-03-01T11:58:00.000000Z' };
  const all = timeline([event({ series }), event({ eventTime: '2026-03-01T11:00:00.000000Z' })]);
  expect(all).toEqual([
    expect.objectContaining({
      count: 4,
      first: '2026-03-01T11:00:00.000000Z',
      last: '2026-03-01T11:58:00.000000Z',
    }),
  ]);
});

test('wide says which program told it', () => {
  const text = renderTimeline(timeline([event({ reportingController: 'windlass.dev/operator' })]), {
    now: NOW,
    wide: true,
  });
  expect(text).toContain('windlass.dev/operator');
});
