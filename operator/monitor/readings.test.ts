import { describe, expect, it } from 'vitest';
import { podReportSchema, type PodReport } from '#contract/pod-report.ts';
import { copies, report, side } from '#operator/rollout/checks-testing.ts';
import { Budget } from './budget.ts';
import { Readings } from './readings.ts';

const MIB = 1024 * 1024;
const ROUNDS = 30;
const START = Date.UTC(2030, 0, 1);

/** A tenant's own image, which says as much as it may and never the same. */
function hostile(seed: number): PodReport {
  const name = (i: number): string => `${seed}-${i}`.padEnd(64, '\u4e00\u00e9');
  const names = (count: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), Number.MAX_SAFE_INTEGER - i]));
  const long = { ...side(seed), predictions: names(110), failures: names(32) };
  const copied = copies({ failures: names(32), compared: seed });
  return podReportSchema.parse(
    JSON.parse(JSON.stringify(report({ stable: long, forwarded: long, copied, instance: name(0) }))),
  );
}

/** A model with a hundred outcomes that is asked steadily. */
function honest(round: number): PodReport {
  const predictions = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`label ${i}`, round * i]));
  const both = side(round * 100, { predictions });
  return podReportSchema.parse(JSON.parse(JSON.stringify(report({ stable: both, forwarded: both }))));
}

/** ModelDeployments with so many pods, all read every 2 s; what is kept at the end. */
function watch(
  tenants: readonly { readonly pods: number; readonly says: (round: number, pod: number) => PodReport }[],
  maxBytes: number,
) {
  let now = START;
  let most = 0;
  const budget = new Budget(maxBytes);
  const watched = tenants.map(({ pods, says }) => {
    const asked = Array.from({ length: pods }, (_, i) => ({
      uid: `pod-${i}`,
      ip: '10.0.0.1',
      revision: 'a',
    }));
    const request = { key: 'step 1', pods: asked, queries: [], since: START };
    const readings = new Readings(request, { clock: () => now, monotonic: () => now, gapMs: 10_000 });
    budget.join(readings);
    return { readings, asked, says };
  });
  for (let round = 0; round < ROUNDS; round++) {
    now += 2000;
    for (const { readings, asked, says } of watched) {
      for (const [i, pod] of asked.entries()) {
        readings.podAnswered(pod, says(round, i));
        budget.enforce();
        most = Math.max(most, budget.bytes);
      }
      readings.roundEnded('step 1');
    }
  }
  return { most, now, kept: watched.map(({ readings }) => readings.monitoring().samples) };
}

describe('readings of a tenant that sends as much as it can', () => {
  const tenant = { pods: 20, says: (round: number, pod: number) => hostile(1000 * round + pod) };
  const neighbour = { pods: 3, says: honest };

  it('stay within one budget, and the newest of each pod stays', () => {
    const { most, now, kept } = watch([tenant, tenant, neighbour], 5 * MIB);
    expect(most).toBeLessThanOrEqual(5 * MIB + 200_000);
    for (const [tenants, samples] of kept.entries()) {
      const newest = samples.filter(({ at }) => at === now).map(({ uid }) => uid);
      expect(new Set(newest).size).toBe(tenants === 2 ? 3 : 20);
    }
  });

  it('cost a neighbour that needs less than its share nothing', () => {
    const alone = watch([neighbour], 5 * MIB).kept[0];
    const beside = watch([tenant, neighbour], 5 * MIB).kept[1];
    expect(beside?.length).toBeGreaterThan(50);
    expect(beside).toEqual(alone);
  });

  it('keep a pod’s newest even where there is no room for one of each', () => {
    const { kept, now } = watch([tenant], MIB / 4);
    expect(kept[0]?.filter(({ at }) => at === now)).toHaveLength(20);
    expect(kept[0]?.length).toBeLessThan(45);
  });
});

it('readings of gone pods end with their use', () => {
  let now = START;
  const pods = [{ uid: 'a', ip: '10.0.0.1', revision: 'a' }];
  const request = { key: 'step 1', pods, queries: [], since: START };
  const readings = new Readings(request, { clock: () => now, monotonic: () => now, gapMs: 10_000 });
  for (const pod of pods) readings.podAnswered(pod, honest(1));
  expect(readings.bytes).toBeGreaterThan(5000);
  readings.use({ ...request, pods: [] });
  now += 11 * 60_000;
  readings.roundEnded('step 1');
  expect(readings.bytes).toBe(0);
  expect(readings.monitoring().samples).toEqual([]);
});
