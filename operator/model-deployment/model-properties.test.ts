import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rolloutWalk, type RolloutStep } from './testing/model-steps.ts';
import { brokenBy } from './testing/model-walk.ts';

/** The figure takes 10,000 others each time; here the same ones, unless these say how many, and which. */
const RUNS = Number(process.env['WINDLASS_PROPERTY_RUNS'] ?? 150);
const SEED = Number(process.env['WINDLASS_PROPERTY_SEED'] ?? 1);

test('whatever people and faults do to a rollout, every write keeps the promises, and it comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(rolloutWalk, async (walk) => {
      expect(await brokenBy(walk)).toBeUndefined();
    }),
    { numRuns: RUNS, seed: SEED },
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
    'a new rollout begins with the size that the last one left, and steps that fit it hold',
    [
      { do: 'settings', which: 0 },
      { do: 'replicas', replicas: 2 },
      { do: 'deploy', content: 0 },
      { do: 'live', seconds: 20 },
      { do: 'settings', which: 7 },
      { do: 'deploy', content: 1 },
      { do: 'replicas', replicas: 1 },
      { do: 'deploy', content: 2 },
      { do: 'reconcile', limit: 99 },
    ],
  ],
  [
    'a foreign object that has gone is no longer in the way, though the clock was set back since',
    [
      { do: 'settings', which: 3 },
      { do: 'replicas', replicas: 3 },
      { do: 'deploy', content: 0 },
      { do: 'live', seconds: 20 },
      { do: 'foreign', kind: 'ConfigMap', pick: 1 },
      { do: 'live', seconds: 40 },
      { do: 'jump', ms: -3_600_000 },
      { do: 'reconcile', limit: 9 },
      { do: 'deploy', content: 1 },
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
