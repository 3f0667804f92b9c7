import * as fc from 'fast-check';
import { brokenPromise } from './properties.ts';
import { stepArbitrary, type Step } from './steps.ts';
import { take } from './walk.ts';
import { World } from './world.ts';

/** A state, as the walk that led to it, and what is wrong with the plans made from it. */
export interface Unsettled {
  readonly walk: readonly Step[];
  readonly problem: string;
}

export interface SettleReport {
  readonly states: number;
  readonly unsettled: readonly Unsettled[];
}

export const walkArbitrary: fc.Arbitrary<readonly Step[]> = fc.array(stepArbitrary, {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});

/**
 * Generates states, each by a random walk from an empty world: plan, execute, plan again, which has to be empty. With the
 * same seed the states are the same.
 */
export async function checkPlansSettle(states: number, seed = 1): Promise<SettleReport> {
  const unsettled: Unsettled[] = [];
  for (const walk of fc.sample(walkArbitrary, { numRuns: states, seed })) {
    const problem = await problemAfter(walk);
    if (problem !== undefined) unsettled.push({ walk, problem });
  }
  return { states, unsettled };
}

/** The first thing that is wrong with a plan along a walk, or with the two plans at its end. */
export async function problemAfter(walk: readonly Step[]): Promise<string | undefined> {
  const world = new World();
  for (const step of walk) {
    const broken = brokenPromise(world.observe(), world.plan(), world.selected);
    if (broken !== undefined) return `before ${JSON.stringify(step)}: ${broken}`;
    await take(world, step);
  }
  return problemOf(world);
}

async function problemOf(world: World): Promise<string | undefined> {
  const broken = brokenPromise(world.observe(), world.plan(), world.selected);
  if (broken !== undefined) return broken;
  const first = await world.reconcile();
  const second = world.plan();
  if (second.actions.length === 0) return undefined;
  return `after ${JSON.stringify(first.actions)} the second plan does ${JSON.stringify(second.actions)}`;
}
