import { describe, expect, it } from 'vitest';
import type { Check } from '#operator/api/rollout-settings.ts';
import { BEGAN, CANDIDATE, contextOf, judged } from './checks-testing.ts';
import type { CheckContext } from './checks.ts';
import { judgeChecks } from './checks.ts';

describe('prometheus', () => {
  const check: Check = { prometheus: { query: 'sum(up{revision="$candidate"})', max: 3 } };
  const asked = `sum(up{revision="${CANDIDATE}"})`;
  const reading = (second: number, read: { value: number } | { problem: string }): CheckContext => {
    const context = contextOf(60, []);
    const queries = new Map([[asked, { at: BEGAN + second * 1000, ...read }]]);
    return { ...context, monitoring: { ...context.monitoring, queries } };
  };

  it.each<[string, CheckContext, string, RegExp]>([
    ['passes within its limit', reading(50, { value: 2 }), 'pass', /The query is 2; at most 3/],
    ['fails beyond it', reading(50, { value: 3.5 }), 'fail', /3\.5; at most 3/],
    ['waits while it has not been asked', contextOf(60, []), 'wait', /not been asked yet/],
    ['waits where the reading is too old', reading(20, { value: 2 }), 'wait', /40 s ago/],
    ['waits where it is from before the step', reading(-5, { value: 9 }), 'wait', /not been asked yet/],
    ['waits where the clock puts it into the future', reading(99, { value: 9 }), 'wait', /not been asked/],
    ['waits on a problem, and names it', reading(50, { problem: 'HTTP 503' }), 'wait', /no number: HTTP 503/],
    ['waits on no number', reading(50, { value: NaN }), 'wait', /NaN/],
    ['waits on an infinite one', reading(50, { value: Infinity }), 'wait', /\+Inf/],
  ])('%s', (_, context, state, message) => {
    const result = judged(check, context);
    expect(result.state).toBe(state);
    expect(result.message).toMatch(message);
  });

  it('is left out where it compares with a stable revision and there is none', () => {
    const compares: Check = { prometheus: { query: 'a{r="$stable"}', max: 1 } };
    expect(judgeChecks([compares], contextOf(10, [], { stable: undefined }))).toEqual([]);
  });
});
