import { expect, test } from 'vitest';
import { copiesFit } from './memory.ts';

const MIB = 1024 * 1024;

test.each([
  ['two copies of a small model in 1 GiB', 1024, 40, 2, true],
  ['two copies of 300 MiB in 1 GiB: the second loads beside the first', 1024, 300, 2, false],
  ['two copies of 300 MiB in 2 GiB', 2048, 300, 2, true],
  ['eight copies of 100 MiB in 1 GiB', 1024, 100, 8, false],
] as const)('%s', (_, limit, model, copies, fits) => {
  expect(copiesFit({ limit: limit * MIB, used: 100 * MIB, model: model * MIB }, copies)).toBe(fits);
});
