import { expect, test } from 'vitest';
import { resolvedSource, spec } from '#operator/model-deployment/testing/fixtures.ts';
import { revisionHash, revisionName, specHash, specHashMatches } from './hashes.ts';
import type { ModelRevisionSpec } from './model-revision.ts';

// Golden values: a change here makes new revisions of every running model and ends every undo.
const GOLDEN_SPEC = 'v1:0d5ac74181616408e3352ea3a9be793bbec28efffcf198456072630c1274e3cd';
const GOLDEN_REVISION = 'churn-3b3c954c85';

function revision(more: Partial<ModelRevisionSpec> = {}): ModelRevisionSpec {
  const { artifact, model } = resolvedSource('1');
  return {
    hashVersion: 1,
    modelDeployment: 'churn',
    artifact,
    model,
    serving: { maxBatchSize: 64, logLevel: 'info' },
    image: 'registry.example/windlass-runtime:1',
    ...more,
  };
}

test('a spec and a revision have the hashes that earlier releases gave them', () => {
  expect(specHash(spec())).toBe(GOLDEN_SPEC);
  expect(revisionName(revision())).toBe(GOLDEN_REVISION);
});

test.each([
  ['the replicas', { replicas: 7 }],
  [
    'the autoscaling',
    { autoscaling: { minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 50 } },
  ],
  ['the history', { history: { limit: 3 } }],
  ['the rollout settings', { rollout: { progressDeadline: '1m' } }],
  [
    'a default that is written out',
    { serving: { maxBatchSize: 64, logLevel: 'info', resources: {}, pod: {} } },
  ],
  ['the CPU, written out', { serving: { executionProvider: 'cpu' } }],
])('%s is no part of what a spec hashes', (_, overrides) => {
  expect(specHash(spec(overrides))).toBe(specHash(spec()));
});

test.each([
  ['another URI', { model: { uri: 's3://models/churn/2/', credentials: { secretName: 's3' } } }],
  ['another Secret', { model: { uri: 's3://models/churn/1/', credentials: { secretName: 'other' } } }],
  ['a memory limit', { serving: { resources: { limits: { memory: '1Gi' } } } }],
  ['a GPU', { serving: { executionProvider: 'cuda' } }],
  ['no topology spread at all', { serving: { pod: { topologySpreadConstraints: [] } } }],
])('%s is another spec', (_, overrides) => {
  expect(specHash(spec(overrides))).not.toBe(specHash(spec()));
});

test('a quantity means the same as a number and as a string', () => {
  const limits = (cpu: number | string): string =>
    specHash(spec({ serving: { resources: { limits: { cpu } } } }));
  expect(limits(1)).toBe(limits('1'));
});

test('an empty label selector is not the same as none, so it changes the hash', () => {
  const affinity = (term: object) =>
    specHash(
      spec({
        serving: {
          pod: {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }],
              },
            },
          },
        },
      }),
    );
  expect(affinity({ labelSelector: {} })).not.toBe(affinity({}));
});

test('a stored hash is compared by the version that it bears', () => {
  expect(specHashMatches(specHash(spec()), spec())).toBe(true);
  expect(specHashMatches(specHash(spec()).replace('v1:', 'v9:'), spec())).toBe(false);
  expect(specHashMatches(specHash(spec()).slice(3), spec())).toBe(false);
  expect(specHashMatches(undefined, spec())).toBe(false);
});

test('a revision is another one with other bytes, settings or image, and the same with its defaults written out', () => {
  const hash = revisionHash(revision());
  expect(revisionHash(revision({ image: 'registry.example/windlass-runtime:2' }))).not.toBe(hash);
  expect(revisionHash(revision({ artifact: resolvedSource('2').artifact }))).not.toBe(hash);
  expect(revisionHash(revision({ serving: { maxBatchSize: 8, logLevel: 'info' } }))).not.toBe(hash);
  expect(
    revisionHash(revision({ serving: { maxBatchSize: 64, logLevel: 'info', resources: {}, pod: {} } })),
  ).toBe(hash);
});

test('the CPU written out is the same revision as before there was a choice, and CUDA is another', () => {
  const on = (executionProvider: 'cpu' | 'cuda') =>
    revisionName(revision({ serving: { maxBatchSize: 64, logLevel: 'info', executionProvider } }));
  expect(on('cpu')).toBe(GOLDEN_REVISION);
  expect(on('cuda')).not.toBe(GOLDEN_REVISION);
});

test('a name of 52 characters gives a revision name of 63', () => {
  expect(revisionName(revision({ modelDeployment: 'a'.repeat(52) }))).toHaveLength(63);
});
