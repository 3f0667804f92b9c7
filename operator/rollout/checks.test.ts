import { describe, expect, it } from 'vitest';
import type { Check } from '#operator/api/rollout-settings.ts';
import { rolloutSettingsSchema } from '#operator/api/rollout-settings.ts';
import { after, CANDIDATE, contextOf, copies, judged, report, sample, side } from './checks-testing.ts';
import type { CheckContext } from './checks.ts';
import { checksOf, judgeChecks, longestWindowMs } from './checks.ts';
import type { PodSample } from './readings.ts';

const ERROR_RATE: Check = { errorRate: { max: 0.02, minSamples: 50, window: '1m' } };
const AGREEMENT: Check = { agreement: { min: 0.9, minSamples: 100, window: '5m' } };
const SHIFT: Check = { predictionShift: { maxPsi: 0.2, minSamples: 500, window: '5m' } };

function failing(requests: number, failures: Readonly<Record<string, number>>): readonly PodSample[] {
  return after(10, report({ forwarded: side(requests, { failures }) }));
}

describe('errorRate', () => {
  it.each<[string, readonly PodSample[], string, RegExp]>([
    ['waits below the least number of samples', failing(30, {}), 'wait', /30 of at least 50 requests/],
    [
      'passes with enough of them',
      failing(100, { timeout: 2 }),
      'pass',
      /failed 2 of 100 requests \(2 timeout\)/,
    ],
    ['fails above the limit', failing(100, { timeout: 2, reset: 1 }), 'fail', /3 of 100 .* 3 %, at most 2 %/],
    ['does not fail for one failure of few', failing(10, { reset: 1 }), 'wait', /10 of at least 50/],
    ['fails early, once no more requests can mend it', failing(10, { server_error: 2 }), 'fail', /2 of 10/],
    [
      'counts requests that were not even tried as failed',
      failing(60, { skipped: 30 }),
      'fail',
      /30 skipped/,
    ],
    ['takes failures beyond all requests for requests', failing(0, { reset: 60 }), 'fail', /60 of 60/],
  ])('%s', (_, samples, state, message) => {
    const result = judged(ERROR_RATE, contextOf(10, samples));
    expect(result).toMatchObject({ name: 'errorRate', state, limit: 'at most 2 %' });
    expect(result.message).toMatch(message);
  });

  it('shows no names that a pod may have made up', () => {
    const samples = failing(100, { 'rm -rf / "': 50 });
    expect(judged(ERROR_RATE, contextOf(10, samples)).message).not.toContain('rm -rf');
  });

  it('looks at shadow copies while the candidate is shadowed, and at its own pods once it is promoted', () => {
    const shadowed = after(
      10,
      report({ copied: copies({ compared: 97, agreed: 97, failures: { timeout: 3 } }) }),
    );
    expect(judged(ERROR_RATE, contextOf(10, shadowed, { phase: 'Shadow' }))).toMatchObject({
      state: 'fail',
      samples: 100,
    });
    const own = (requests: number, failed: number): PodSample['report'] => ({
      revision: CANDIDATE,
      instance: 'one',
      served: side(requests, { failures: { server_error: failed } }),
    });
    const baked = [sample(0, own(0, 0), 'new', CANDIDATE), sample(10, own(100, 3), 'new', CANDIDATE)];
    expect(judged(ERROR_RATE, contextOf(10, baked, { phase: 'Baking' }))).toMatchObject({
      state: 'fail',
      samples: 100,
    });
    expect(judged(ERROR_RATE, contextOf(10, baked))).toMatchObject({ state: 'wait' });
  });

  it('forgets what is older than its window', () => {
    const bad = report({ forwarded: side(100, { failures: { reset: 50 } }) });
    const later = report({ forwarded: side(300, { failures: { reset: 50 } }) });
    const samples = [sample(0, report()), sample(5, bad), sample(10, bad), sample(69, later)];
    expect(judged(ERROR_RATE, contextOf(10, samples)).state).toBe('fail');
    expect(judged(ERROR_RATE, contextOf(70, samples))).toMatchObject({
      state: 'pass',
      samples: 200,
      value: '0 %',
    });
  });

  it('looks further back where few requests come, as far as the step’s begin', () => {
    const quiet = (seconds: number): CheckContext =>
      contextOf(
        seconds,
        Array.from({ length: seconds / 5 + 1 }, (_, i) => sample(5 * i, report({ forwarded: side(i) }))),
      );
    const result = judged(ERROR_RATE, quiet(600));
    expect(result).toMatchObject({ state: 'pass', samples: 96 });
    expect(result.message).toMatch(/failed 0 of 96 requests in the last 8 min/);
    expect(judged(ERROR_RATE, quiet(120)).message).toMatch(
      /^24 of at least 50 requests since the step began/,
    );
  });

  it('never looks before the step began', () => {
    const before = report({ forwarded: side(100, { failures: { reset: 50 } }) });
    const now = report({ forwarded: side(200, { failures: { reset: 50 } }) });
    const samples = [sample(-5, report()), sample(1, before), sample(10, now)];
    expect(judged(ERROR_RATE, contextOf(10, samples))).toMatchObject({ state: 'pass', samples: 100 });
  });
});

describe('pods that cannot be read', () => {
  it.each(['errorRate', 'latency', 'predictionShift'] as const)(
    'make %s wait, and say which port to open',
    (kind) => {
      const checks: Record<string, Check> = {
        errorRate: ERROR_RATE,
        latency: { latency: { quantile: 0.95, maxSeconds: 1, minSamples: 1, window: '1m' } },
        predictionShift: SHIFT,
      };
      const context = contextOf(30, []);
      const monitoring = { ...context.monitoring, unreachable: new Map([['pod-1', 'ECONNREFUSED']]) };
      const result = judged(checks[kind] as Check, { ...context, monitoring });
      expect(result.state).toBe('wait');
      expect(result.message).toMatch(
        /^PodsUnreachable: 1 pod did not answer the operator \(ECONNREFUSED\)\. .*8080/,
      );
    },
  );

  it('let nothing pass on what they said half a minute ago', () => {
    const samples = failing(100, {});
    expect(judged(ERROR_RATE, contextOf(10, samples)).state).toBe('pass');
    expect(judged(ERROR_RATE, contextOf(30, samples))).toMatchObject({
      state: 'wait',
      message: expect.stringContaining('PodsUnreachable') as string,
    });
  });

  it('are no matter in a step’s first seconds, nor where a clock says that it has yet to begin', () => {
    const message = expect.stringContaining('the first readings are on their way') as string;
    for (const seconds of [1, -3600]) {
      expect(judged(ERROR_RATE, contextOf(seconds, []))).toMatchObject({ state: 'wait', message });
    }
  });

  it('are told from pods that answer but count nothing of the candidate', () => {
    const samples = [sample(9, { generation: 4 })];
    expect(judged(ERROR_RATE, contextOf(10, samples)).message).toMatch(/^No pod has reported .* older than/);
  });
});

describe('agreement', () => {
  const of = (compared: number, agreed: number): CheckContext =>
    contextOf(10, after(10, report({ copied: copies({ compared, agreed }) })), { phase: 'Shadow' });

  it.each([
    [200, 190, 'pass', '95 %'],
    [200, 170, 'fail', '85 %'],
    [50, 50, 'wait', '100 %'],
    [20, 5, 'fail', '25 %'],
    [20, 15, 'wait', '75 %'],
    [100, 90, 'pass', '90 %'],
  ])('of %d copies with %d alike says %s', (compared, agreed, state, value) => {
    expect(judged(AGREEMENT, of(compared, agreed))).toMatchObject({ state, value, limit: 'at least 90 %' });
  });
});

describe('predictionShift', () => {
  const mixes = (
    stable: Readonly<Record<string, number>>,
    forwarded: Readonly<Record<string, number>>,
  ): CheckContext =>
    contextOf(
      10,
      after(
        10,
        report({ stable: side(1, { predictions: stable }), forwarded: side(1, { predictions: forwarded }) }),
      ),
    );

  it.each([
    ['passes the same mix', { yes: 800, no: 3200 }, { yes: 205, no: 795 }, 'pass'],
    ['fails another mix', { yes: 800, no: 3200 }, { yes: 600, no: 400 }, 'fail'],
    ['fails a bin that only one side has', { yes: 800, no: 3200 }, { maybe: 1000 }, 'fail'],
    ['waits for too few on the candidate’s side', { yes: 800, no: 3200 }, { yes: 100 }, 'wait'],
    ['waits for too few on the stable side', { yes: 10 }, { yes: 800, no: 3200 }, 'wait'],
  ])('%s', (_, stable, forwarded, state) => {
    expect(judged(SHIFT, mixes(stable, forwarded)).state).toBe(state);
  });
});

describe('metric', () => {
  it.each([
    [
      'passes within its limits',
      { name: 'auc', min: 0.9, max: 1 },
      'pass',
      /auc 0\.91; at least 0\.9 and at most 1/,
    ],
    ['fails beyond them', { name: 'rmse', max: 4000 }, 'fail', /rmse 4200; at most 4000/],
    [
      'fails a metric that the bundle lacks',
      { name: 'mae', max: 1 },
      'fail',
      /no metric mae: it has auc, rmse\./,
    ],
    ['fails a name that every object has', { name: 'constructor', max: 1 }, 'fail', /no metric constructor/],
  ])('%s', (_, metric, state, message) => {
    const result = judged({ metric }, contextOf(10, []));
    expect(result.state).toBe(state);
    expect(result.message).toMatch(message);
  });

  it('fails where the model came without any', () => {
    const candidate = { revision: CANDIDATE, number: 2, metrics: undefined };
    const result = judged({ metric: { name: 'rmse', max: 1 } }, contextOf(10, [], { candidate }));
    expect(result).toMatchObject({
      state: 'fail',
      message: expect.stringContaining('it has none') as string,
    });
  });
});

describe('the checks of a phase', () => {
  const settings = rolloutSettingsSchema.parse({
    shadow: { hold: '1m' },
    checks: [
      ERROR_RATE,
      AGREEMENT,
      SHIFT,
      { golden: {} },
      { latency: { maxRatio: 2 } },
      { latency: { maxSeconds: 1 } },
      { metric: { name: 'rmse', max: 1 } },
    ],
  });
  const kinds = (phase: CheckContext['phase']): readonly string[] =>
    checksOf(settings, phase).flatMap((check) => Object.keys(check));

  it('leave out what there is nothing to look at for', () => {
    expect(kinds('Shadow')).toEqual(['errorRate', 'agreement', 'golden', 'metric']);
    expect(kinds('Step')).toEqual(['errorRate', 'predictionShift', 'golden', 'latency', 'latency', 'metric']);
    expect(kinds('Baking')).toEqual(['errorRate', 'golden', 'latency', 'metric']);
  });

  it('are the defaults where the spec has none, and none where its list is empty', () => {
    expect(checksOf(rolloutSettingsSchema.parse({}), 'Step').flatMap(Object.keys)).toEqual([
      'errorRate',
      'latency',
    ]);
    expect(checksOf(rolloutSettingsSchema.parse({ checks: [] }), 'Step')).toEqual([]);
  });

  it('look back as far as their longest window', () => {
    expect(longestWindowMs([ERROR_RATE, AGREEMENT])).toBe(300_000);
    expect(longestWindowMs([])).toBe(0);
  });
});

describe('results', () => {
  it('have names of their own, and fit a status', () => {
    const long: Check = { prometheus: { name: 'n'.repeat(64), query: 'q', max: 1 } };
    const metric: Check = { metric: { name: 'm'.repeat(128), max: 1 } };
    const results = judgeChecks([long, long, ERROR_RATE, ERROR_RATE, metric, metric], contextOf(10, []));
    expect(new Set(results.map(({ name }) => name)).size).toBe(6);
    expect(results[3]?.name).toBe('errorRate (2)');
    for (const { name, limit, message } of results) {
      expect(name.length).toBeLessThanOrEqual(128);
      expect(limit.length).toBeLessThanOrEqual(128);
      expect(message.length).toBeLessThanOrEqual(1024);
    }
  });

  it('say that golden answers were repeated', () => {
    expect(judged({ golden: {} }, contextOf(1, []))).toMatchObject({ name: 'golden', state: 'pass' });
  });
});
