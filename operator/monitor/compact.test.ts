import { expect, it } from 'vitest';
import { copies, report, sample, side } from '#operator/rollout/checks-testing.ts';
import { compact, withoutWorst } from './compact.ts';

it('says the same as the whole report, but for what the pod served itself', () => {
  const whole = report({ stable: side(4, { predictions: { yes: 4 } }), forwarded: side(2) });
  const { served: _, ...rest } = whole;
  expect(compact(whole, undefined)).toEqual(rest);
  expect(compact(structuredClone(whole), rest)).toEqual(rest);
  expect(compact(report({ stable: side(9), forwarded: side(2) }), rest).rollout?.stable).toEqual(side(9));
});

it('keeps what a pod served that passes nothing on', () => {
  const whole = { revision: 'a', generation: 1, instance: 'one', served: side(3) };
  expect(compact(whole, undefined)).toEqual(whole);
  expect(compact(structuredClone(whole), whole)).toEqual(whole);
});

it('shares with the earlier report what has not changed', () => {
  const before = compact(
    report({ stable: side(4), forwarded: side(2, { predictions: { yes: 2 } }) }),
    undefined,
  );
  const after = compact(
    structuredClone(report({ stable: side(5), forwarded: side(2, { predictions: { yes: 2 } }) })),
    before,
  );
  expect(after.rollout?.forwarded.latency).toBe(before.rollout?.forwarded.latency);
  expect(after.rollout?.forwarded.predictions).toBe(before.rollout?.forwarded.predictions);
  expect(after.rollout?.stable.latency.bounds).toBe(before.rollout?.stable.latency.bounds);
  expect(after.rollout?.stable.latency.counts).not.toEqual(before.rollout?.stable.latency.counts);
});

it('leaves the worst requests to the newest report', () => {
  const worst = [{ hash: 'a'.repeat(64), difference: 1, at: 1 }];
  const whole = sample(1, report({ copied: copies({ compared: 3, worst }) }));
  expect(withoutWorst(whole).report.rollout?.copied).toEqual(copies({ compared: 3 }));
});
