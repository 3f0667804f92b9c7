import * as fc from 'fast-check';
import { brokenBy, rolloutWalk } from '#operator/model-deployment/testing/index.ts';
import type { Figure, Measurement } from '../figure.ts';

const WALKS = 10_000;

/** Random users and faults against the simple model of the promises. */
export function walks(): readonly Figure[] {
  return [
    {
      name: `promises broken in ${WALKS} random walks on the core, against the simple model`,
      goal: { atMost: 0, unit: '' },
      measure: onTheCore,
    },
  ];
}

/** Another seed each time: FIGURES_SEED repeats one. */
async function onTheCore(): Promise<Measurement> {
  const seed = Number(process.env['FIGURES_SEED'] ?? Date.now() % 2 ** 31);
  const broken: { readonly problem: string; readonly walk: unknown }[] = [];
  for (const walk of fc.sample(rolloutWalk, { numRuns: WALKS, seed })) {
    const problem = await brokenBy(walk);
    if (problem !== undefined) broken.push({ problem, walk });
  }
  return { value: broken.length, detail: { walks: WALKS, seed, first: broken.slice(0, 3) } };
}
