import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { problemAfter, walkArbitrary } from './testing/settle.ts';

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
