import { expect, test } from 'vitest';
import { walkOnApiServer } from '#test/walks/index.ts';

/** The figure takes 200. */
const WALKS = 10;

test('on a real API server, whatever people and faults do to a rollout, every write keeps the promises', async () => {
  const seed = Number(process.env['WINDLASS_PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
  const { broken } = await walkOnApiServer({ walks: WALKS, seed, atOnce: 5 });
  expect(broken, `with WINDLASS_PROPERTY_SEED=${seed}`).toEqual([]);
}, 300_000);
