import { describe, expect, it } from 'vitest';
import type { Check } from '#operator/api/rollout-settings.ts';
import { after, contextOf, judged, report, sample, side } from './checks-testing.ts';
import type { CheckContext } from './checks.ts';
import type { PodSample } from './readings.ts';

describe('latency', () => {
  const slowFor = (seconds: number, own: number, other: number, perSecond = 10): CheckContext => {
    const at = (second: number): PodSample =>
      sample(
        second,
        report({
          forwarded: side(second * perSecond, { seconds: own }),
          stable: side(second * 10 * perSecond, { seconds: other }),
        }),
      );
    return contextOf(
      seconds,
      Array.from({ length: seconds / 2 + 1 }, (_, i) => at(2 * i)),
    );
  };
  const ratio: Check = { latency: { quantile: 0.95, maxRatio: 3, minSamples: 100, window: '1m' } };
  const absolute: Check = { latency: { quantile: 0.95, maxSeconds: 0.05, minSamples: 100, window: '1m' } };

  it.each<[string, Check, CheckContext, string]>([
    ['waits below the least number of samples', ratio, slowFor(40, 0.2, 0.002, 1), 'wait'],
    [
      'fails a candidate that is slower than allowed for half a minute',
      ratio,
      slowFor(40, 0.2, 0.002),
      'fail',
    ],
    ['waits while it is not sure to last', ratio, slowFor(20, 0.2, 0.002), 'wait'],
    ['passes one that is as fast', ratio, slowFor(40, 0.002, 0.002), 'pass'],
    ['lets nobody fail for less than 20 ms', ratio, slowFor(40, 0.01, 0.0005), 'pass'],
    ['fails one above so many seconds', absolute, slowFor(40, 0.1, 0.002), 'fail'],
    ['passes one below so many seconds', absolute, slowFor(40, 0.04, 0.002), 'pass'],
    ['cannot tell times above the last bucket from each other', ratio, slowFor(40, 9, 9), 'wait'],
    ['knows that the last bucket is above a limit in seconds', absolute, slowFor(40, 9, 0.002), 'fail'],
  ])('%s', (_, check, context, state) => {
    expect(judged(check, context).state).toBe(state);
  });

  it('shows the quantile beside the stable one’s, and both limits', () => {
    const both: Check = {
      latency: { quantile: 0.99, maxSeconds: 1, maxRatio: 2, minSamples: 10, window: '30s' },
    };
    expect(judged(both, slowFor(40, 0.2, 0.1))).toMatchObject({
      name: 'latency p99',
      value: "p99 199 ms, 2 x stable's 99.5 ms",
      limit: "at most 1 s; at most 2 x stable's, or 20 ms more",
    });
  });

  it('fails nobody for what a stable revision without requests cannot be compared with', () => {
    const samples = after(40, report({ forwarded: side(400, { seconds: 0.2 }) }));
    expect(judged(ratio, contextOf(40, samples))).toMatchObject({
      state: 'wait',
      message: expect.stringContaining('stable revision: 0 of at least 100') as string,
    });
  });
});
