import { describe, expect, it } from 'vitest';
import { seeded } from '#test/support/random.ts';
import { stepOf } from './checks-simulation.ts';
import type { Illness, Rollout } from './checks-simulation.ts';
import { BEGAN } from './checks-testing.ts';
import { judgeChecks } from './checks.ts';
import { DEFAULT_CHECKS } from './defaults.ts';

const STEPS = [
  { weight: 5, seconds: 120, from: 0 },
  { weight: 25, seconds: 180, from: 200 },
  { weight: 50, seconds: 120, from: 600 },
];
const ROLLOUTS = 200;

function wellRollout(seed: number): Rollout {
  const random = seeded(seed * 7919);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  return {
    seed,
    rate: pick([5, 20, 50, 100, 200, 1000]),
    stablePods: pick([1, 2, 4]),
    candidatePods: pick([1, 2]),
    medianSeconds: pick([0.0004, 0.002, 0.008, 0.04]),
    sigma: pick([0.3, 0.5, 0.8]),
    illness: 'none',
    illFrom: 0,
  };
}

describe('the default checks', () => {
  it('fail none of 200 simulated rollouts of candidates that are well, and let those pass that have enough requests', () => {
    const alarms: unknown[] = [];
    let passed = 0;
    let busy = 0;
    for (let seed = 1; seed <= ROLLOUTS; seed++) {
      const rollout = wellRollout(seed);
      for (const step of STEPS) {
        let last: readonly string[] = [];
        for (const context of stepOf(rollout, step)) {
          const results = judgeChecks(DEFAULT_CHECKS, context);
          last = results.map(({ state }) => state);
          alarms.push(
            ...results.filter(({ state }) => state === 'fail').map((failed) => ({ rollout, step, failed })),
          );
        }
        // Enough for the latency check: 100 requests a minute on each side, and some to spare.
        if ((rollout.rate * step.weight) / 100 < 4) continue;
        busy += 1;
        if (last.every((state) => state === 'pass')) passed += 1;
      }
    }
    expect(alarms).toEqual([]);
    expect(busy).toBeGreaterThan(300);
    // The others wait a little longer: a moment with a pause in it looks slow, and is told from a slow candidate later.
    expect(passed / busy).toBeGreaterThan(0.97);
  }, 60_000);

  const illnesses: readonly Illness[] = ['errors', 'hangs', 'resets', 'crashes', 'slow'];
  it.each(illnesses.flatMap((illness) => [0, 70].map((illFrom) => ({ illness, illFrom }))))(
    'fail a candidate at 5 % of 200 requests/s within 60 s: $illness from second $illFrom on',
    ({ illness, illFrom }) => {
      const seconds = Array.from({ length: 20 }, (_, seed) => {
        const rollout = {
          ...wellRollout(seed),
          rate: 200,
          medianSeconds: 0.002,
          sigma: 0.5,
          illness,
          illFrom,
        };
        for (const context of stepOf(rollout, { weight: 5, seconds: 300, from: 0 })) {
          if (judgeChecks(DEFAULT_CHECKS, context).some(({ state }) => state === 'fail')) {
            return (context.now - BEGAN) / 1000 - illFrom;
          }
        }
        return Infinity;
      });
      expect(Math.min(...seconds)).toBeGreaterThan(0);
      expect(Math.max(...seconds)).toBeLessThan(60);
    },
  );
});
