import { describe, expect, test } from 'vitest';
import { modelInputSchema } from '#contract/model-manifest.ts';
import { condition, deployment, revision, revisionName } from '../testing.ts';
import { compareRevisions } from './compare.ts';
import { revisionPair } from './pair.ts';
import { renderDiff } from './render.ts';

const age = modelInputSchema.parse({
  name: 'Age',
  type: 'float32',
  shape: [null, 1],
  range: { min: 18, max: 100 },
});
const before = revision(1, 'Warm', {
  spec: {
    model: {
      name: 'BankChurn',
      version: '1.0.0',
      inputs: [age],
      outputs: [],
      metrics: { auc: 0.857, f1: 0.6 },
    },
    serving: { maxBatchSize: 64, logLevel: 'info', resources: { limits: { memory: '512Mi' } } },
  },
});
const after = revision(2, 'Stable', {
  spec: {
    model: {
      name: 'BankChurn',
      version: '1.1.0',
      inputs: [{ ...age, required: false }],
      outputs: [],
      metrics: { auc: 0.861, f1: 0.6, recall: 0.5 },
    },
    serving: {
      maxBatchSize: 32,
      logLevel: 'info',
      resources: { limits: { memory: '1Gi' }, requests: { cpu: '1' } },
    },
  },
});

test('a diff names each field that differs, by section', () => {
  expect(renderDiff('revision 1', 'revision 2', compareRevisions(before, after))).toBe(
    [
      'revision 1 -> revision 2',
      '',
      'Model',
      '  ~ version   1.0.0 -> 1.1.0',
      '  ~ source    s3://models/bankchurn/1/ -> s3://models/bankchurn/2/',
      '  ~ digest    111111111111 -> 222222222222',
      '',
      'Metrics',
      '  ~ auc      0.857 -> 0.861   (+0.004, +0.467 %)',
      '  + recall   0.5',
      '',
      'Inputs',
      '  ~ Age   float32 [any,1], required, 18..100 -> float32 [any,1], optional, 18..100',
      '',
      'Serving',
      '  ~ maxBatchSize              64 -> 32',
      '  ~ resources.limits.memory   512Mi -> 1Gi',
      '  + resources.requests.cpu    1',
      '',
      'Files',
      '  ~ model.json   111111111111 (10 B) -> 222222222222 (10 B)',
    ].join('\n'),
  );
});

test('the same revision twice has no difference', () => {
  expect(compareRevisions(before, before)).toEqual([]);
  expect(renderDiff('a', 'b', [])).toBe('a and b have the same content');
});

test('what was removed is shown with its old value', () => {
  const section = compareRevisions(after, before).find((it) => it.title === 'Metrics');
  expect(section?.changes).toContainEqual({ field: 'recall', before: '0.5', after: undefined });
});

describe('which two revisions are compared', () => {
  const revisions = [revision(1, 'Retired'), revision(2, 'Warm'), revision(3, 'Stable')];
  const at = (stable: number, candidate?: number) =>
    deployment({
      conditions: [condition('Ready', 'True')],
      stableRevision: revisionName(stable),
      ...(candidate === undefined ? {} : { candidateRevision: revisionName(candidate) }),
    });
  test.each([
    ['none named: what served before and the stable one', at(3), undefined, undefined, [2, 3]],
    ['none named during a rollout: the stable one and the candidate', at(2, 3), undefined, undefined, [2, 3]],
    ['none named after an undo: the stable one and what was undone', at(2), undefined, undefined, [2, 3]],
    ['one named: it and the stable one', at(3), '1', undefined, [1, 3]],
    ['both named: as they were named', at(3), '3', '1', [3, 1]],
  ] as const)('%s', (_case, object, a, b, numbers) => {
    expect(revisionPair(object, revisions, a, b).map((it) => it.status?.revision)).toEqual(numbers);
  });

  test('a single revision cannot be compared', () => {
    expect(() => revisionPair(at(3), [revision(3, 'Stable')], undefined, undefined)).toThrow('one revision');
    expect(() => revisionPair(deployment(), revisions, '1', undefined)).toThrow('no stable revision');
  });
});
