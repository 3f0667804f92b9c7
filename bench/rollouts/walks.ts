import * as fc from 'fast-check';
import { brokenBy, rolloutWalk } from '#operator/model-deployment/testing/index.ts';
import { walkOnApiServer } from '#test/walks/index.ts';
import type { Figure, Measurement } from '../figure.ts';

const WALKS = 10_000;
const LIVE_WALKS = 200;
const AT_ONCE = 20;

/** Random users and faults against the simple model of the promises. */
export function walks(): readonly Figure[] {
  return [
    {
      name: `promises broken in ${WALKS} random walks on the core, against the simple model`,
      goal: { atMost: 0, unit: '' },
      measure: onTheCore,
    },
    {
      name: `promises broken in ${LIVE_WALKS} random walks on a real API server`,
      goal: { atMost: 0, unit: '' },
      measure: onAnApiServer,
    },
  ];
}

/** Another one each time: FIGURES_SEED repeats one. */
function seedOfNow(): number {
  return Number(process.env['FIGURES_SEED'] ?? Date.now() % 2 ** 31);
}

async function onAnApiServer(): Promise<Measurement> {
  const seed = seedOfNow();
  const { broken } = await walkOnApiServer({ walks: LIVE_WALKS, seed, atOnce: AT_ONCE });
  return { value: broken.length, detail: { walks: LIVE_WALKS, seed, first: broken.slice(0, 3) } };
}

async function onTheCore(): Promise<Measurement> {
  const seed = seedOfNow();
  const broken: { readonly problem: string; readonly walk: unknown }[] = [];
  for (const walk of fc.sample(rolloutWalk, { numRuns: WALKS, seed })) {
    const problem = await brokenBy(walk);
    if (problem !== undefined) broken.push({ problem, walk });
  }
  return { value: broken.length, detail: { walks: WALKS, seed, first: broken.slice(0, 3) } };
}
