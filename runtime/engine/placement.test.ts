import { expect, test } from 'vitest';
import { chooseCrew, placeModel, type Placement, type Timing } from './placement.ts';

/** A run that costs `a` ms, and `b` ms for each row. */
function linear(a: number, b: number, limit = 64): readonly Timing[] {
  const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].filter((rows) => rows <= limit);
  return sizes.map((rows) => ({ rows, ms: a + b * rows }));
}

test.each<[string, readonly Timing[], number, Pick<Placement, 'kind' | 'cap'>]>([
  ['a tiny model stays inline, at the limit', linear(0.01, 0.001), 1, { kind: 'inline', cap: 64 }],
  ['more cores do not move it', linear(0.01, 0.005), 8, { kind: 'inline', cap: 64 }],
  ['trees of 34 us a row are cut at 1 ms', linear(0.01, 0.034), 1, { kind: 'inline', cap: 29 }],
  [
    'and leave the event loop once there is a second core',
    linear(0.01, 0.034),
    2,
    { kind: 'workers', cap: 64 },
  ],
  ['a row of 1.9 ms goes to a worker, in batches', linear(1.7, 0.15), 1, { kind: 'workers', cap: 64 }],
  ['a picture of 40 ms goes alone: more rows do no more', linear(0, 40), 1, { kind: 'workers', cap: 1 }],
  ['a row of 5 s is a batch of its own', linear(0, 5000), 1, { kind: 'workers', cap: 1 }],
  ['short rows that gain much from longer batches', linear(0.7, 0.05), 1, { kind: 'workers', cap: 64 }],
  ['a batch on a worker ends within 50 ms', linear(10, 1, 256), 1, { kind: 'workers', cap: 32 }],
])('placement: %s', (_, timings, cores, expected) => {
  const { kind, cap, why } = placeModel(timings, cores, 256);
  expect({ kind, cap }).toEqual(expected);
  expect(why).toMatch(/1 row takes .* ms/);
});

test.each<[string, readonly Timing[], number, Pick<Placement, 'kind' | 'cap' | 'own'>]>([
  ['as many as fit 2 ms', linear(0.01, 0.005, 1024), 1, { kind: 'inline', cap: 64, own: 398 }],
  [
    'more than run together, for which 1 ms is all',
    linear(0.01, 0.034, 64),
    1,
    { kind: 'inline', cap: 29, own: 58 },
  ],
  ['as many as were tried', linear(0.01, 0.0001, 1024), 1, { kind: 'inline', cap: 64, own: 1024 }],
  ['on a worker as many as 10 ms hold', linear(0.01, 0.034, 1024), 2, { kind: 'workers', cap: 64, own: 293 }],
  [
    'on a worker never fewer than run together',
    linear(1.7, 0.3, 64),
    1,
    { kind: 'workers', cap: 32, own: 32 },
  ],
])('rows of one request that run together: %s', (_, timings, cores, expected) => {
  const { kind, cap, own } = placeModel(timings, cores, 64);
  expect({ kind, cap, own }).toEqual(expected);
});

test.each<[string, number, number, number | undefined, { workers: number; threads: number }]>([
  ['copies that do clearly more', 2, 3, 5.5, { workers: 2, threads: 1 }],
  ['copies that do as much are not worth their memory', 2, 5, 5.2, { workers: 1, threads: 2 }],
  ['copies that do less', 4, 9, 4, { workers: 1, threads: 4 }],
  ['copies that do not fit', 4, 9, undefined, { workers: 1, threads: 4 }],
])('crew: %s', (_, cores, within, apart, expected) => {
  const { workers, threads, why } = chooseCrew(cores, within, apart);
  expect({ workers, threads }).toEqual(expected);
  expect(why).toContain(`${cores} threads within a run`);
});
