import { expect, test } from 'vitest';
import { describeGoal, holds, measureFigure } from './figure.ts';

test.each([
  [{ atMost: 6, unit: 's' }, 6, true],
  [{ atMost: 6, unit: 's' }, 6.01, false],
  [{ atLeast: 0.7, unit: '' }, 0.7, true],
  [{ atLeast: 0.7, unit: '' }, 0.69, false],
  [{ atMost: 0, unit: '' }, Number.NaN, false],
])('%j against %d holds: %s', (goal, value, expected) => {
  expect(holds(goal, value)).toBe(expected);
});

test('a goal reads as a person writes it', () => {
  expect(describeGoal({ atMost: 6, unit: 's' })).toBe('<= 6 s');
  expect(describeGoal({ unit: 'MiB' })).toBe('no bound, MiB');
});

test('a measurement that fails is a figure that does not hold, with its cause', async () => {
  const line = await measureFigure({
    name: 'x',
    goal: { atMost: 1, unit: '' },
    measure: () => Promise.reject(new Error('the cluster is gone')),
  });
  expect(line).toEqual({
    figure: 'x',
    value: null,
    goal: '<= 1',
    holds: false,
    error: 'the cluster is gone',
  });
});
