import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rolloutWalk, type RolloutStep } from './testing/model-steps.ts';
import { brokenBy } from './testing/model-walk.ts';

/** The figure takes 10,000; WINDLASS_PROPERTY_RUNS says how many a test run takes. */
const RUNS = Number(process.env['WINDLASS_PROPERTY_RUNS'] ?? 150);

test('whatever people and faults do to a rollout, every write keeps the promises, and it comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(rolloutWalk, async (walk) => {
      expect(await brokenBy(walk)).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
}, 120_000);

/** Walks that broke a promise once. */
const FOUND: readonly (readonly [name: string, walk: readonly RolloutStep[]])[] = [
  [
    'steps that change in the middle give a candidate no share that its pods are too few for',
    [
      { do: 'settings', which: 0 },
      { do: 'replicas', replicas: 4 },
      { do: 'deploy', content: 1 },
      { do: 'live', seconds: 20 },
      { do: 'spec', uri: 2 },
      { do: 'pause', how: 'annotation' },
      { do: 'live', seconds: 60 },
      { do: 'settings', which: 3 },
      { do: 'live', seconds: 90 },
    ],
  ],
  [
    'a clock that is set back keeps no model that serves from being called available',
    [
      { do: 'settings', which: 4 },
      { do: 'replicas', replicas: 3 },
      { do: 'deploy', content: 0 },
      { do: 'live', seconds: 20 },
      { do: 'replicas', replicas: 0 },
      { do: 'live', seconds: 20 },
      { do: 'jump', ms: -3_600_000 },
      { do: 'live', seconds: 90 },
    ],
  ],
];

test.each(FOUND)('%s', async (_name, walk) => {
  expect(await brokenBy(walk)).toBeUndefined();
});
