import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { problemAfter, walkArbitrary } from './testing/settle.ts';
import type { Step } from './testing/steps.ts';

/** The figure takes 5,000; WINDLASS_PROPERTY_RUNS says how many a test run takes. */
const RUNS = Number(process.env['WINDLASS_PROPERTY_RUNS'] ?? 400);
/** The same walks each time, unless another seed is asked for. */
const SEED = Number(process.env['WINDLASS_PROPERTY_SEED'] ?? 1);

test('from any state, a plan that was carried out leaves nothing to do, and breaks no promise on the way', async () => {
  await fc.assert(
    fc.asyncProperty(walkArbitrary, async (walk) => {
      expect(await problemAfter(walk)).toBeUndefined();
    }),
    { numRuns: RUNS, seed: SEED },
  );
}, 120_000);

const OUT_OF_MEMORY = { init: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } };

/** Walks after which a plan once left something to do. */
const FOUND: readonly (readonly [string, readonly Step[]])[] = [
  [
    'an undo leads to a revision that is out of memory, and the traffic ConfigMap, which tells that it served, is foreign',
    [
      { do: 'deploy', content: 0 },
      { do: 'deploy', content: 1 },
      { do: 'pods', pick: 0, state: OUT_OF_MEMORY },
      { do: 'foreign', kind: 'ConfigMap', pick: 0 },
      { do: 'undo', to: undefined },
      { do: 'run', ready: false },
    ],
  ],
  [
    'an undo replaces a revision whose record is foreign, as the traffic ConfigMap is',
    [
      { do: 'deploy', content: 0 },
      { do: 'foreign', kind: 'ConfigMap', pick: 0 },
      { do: 'deploy', content: 1 },
      { do: 'undo', to: 0 },
      { do: 'foreign', kind: 'ModelRevision', pick: 1 },
      { do: 'wait', ms: 100 },
    ],
  ],
];

test.each(FOUND)('one plan is enough where %s', async (_what, walk) => {
  expect(await problemAfter(walk)).toBeUndefined();
});
