import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { rolloutWalk } from './testing/model-steps.ts';
import { brokenBy } from './testing/model-walk.ts';

/** The figure takes 10,000; WINDLASS_PROPERTY_RUNS says how many a test run takes. */
const RUNS = Number(process.env['WINDLASS_PROPERTY_RUNS'] ?? 300);

test('whatever people and faults do to a rollout, every write keeps the promises, and it comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(rolloutWalk, async (walk) => {
      expect(await brokenBy(walk)).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
}, 120_000);
