import { expect, it } from 'vitest';
import { rolloutStatusSchema } from '#operator/api/rollout-status.ts';
import { after, contextOf, copies, report, sample } from './checks-testing.ts';
import { shadowReport } from './shadow-report.ts';

const hash = (digit: string): string => digit.repeat(64);
const shape = rolloutStatusSchema.shape.shadow;

it('adds up what pods compared since the candidate came, and names the worst requests by their hashes', () => {
  const copied = copies({
    compared: 100,
    agreed: 98,
    failures: { timeout: 2 },
    dropped: 5,
    differences: { bounds: [0.001, 0.01, 0.1], counts: [97, 1, 2, 0] },
    worst: [
      { hash: hash('a'), difference: 0.05, at: 1 },
      { hash: hash('b'), difference: 0.08123, at: 2 },
    ],
  });
  const other = copies({ compared: 10, agreed: 10, worst: [{ hash: hash('a'), difference: 0.07, at: 1 }] });
  const samples = [...after(10, report({ copied })), sample(9, report({ copied: other }), 'pod-2')];
  const found = shadowReport(contextOf(10, samples, { phase: 'Shadow' }));
  expect(found).toEqual({
    compared: 110,
    agreed: 108,
    failed: 2,
    dropped: 5,
    p50Difference: '0.000515',
    p99Difference: '0.055',
    worst: [
      { hash: hash('b'), difference: '0.0812' },
      { hash: hash('a'), difference: '0.07' },
    ],
  });
  expect(shape.safeParse(found).success).toBe(true);
});

it('shows nothing of a pod but numbers and hashes, and fits a status whatever it says', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const worst = Array.from({ length: 10 }, (_, i) => ({ hash: `<b>${i}</b>`, difference: 1e300, at: 0 }));
  const copied = copies({ compared: most, agreed: most, failures: { a: most, b: most }, worst });
  const samples = ['1', '2', '3'].map((uid) => sample(1, report({ copied }), uid));
  const found = shadowReport(contextOf(2, samples, { phase: 'Shadow' }));
  expect(found?.worst).toBeUndefined();
  expect(shape.safeParse(found).success).toBe(true);
});

it('is nothing where no pod reports of the candidate, and empty where none has copied yet', () => {
  expect(shadowReport(contextOf(10, [], { phase: 'Shadow' }))).toBeUndefined();
  expect(shadowReport(contextOf(10, after(5, report()), { phase: 'Shadow' }))).toMatchObject({ compared: 0 });
  expect(shadowReport(contextOf(10, after(5, report()), { phase: 'Step' }))).toBeUndefined();
});
