import { expect, test } from 'vitest';
import { threadsFor, type CpuFacts } from './threads.ts';

const NONE: CpuFacts = {
  limit: undefined,
  cpuMax: undefined,
  quota: undefined,
  period: undefined,
  cores: 16,
};

test.each<[string, Partial<CpuFacts>, number]>([
  ['no limit: all cores', {}, 16],
  ['the downward API first', { limit: '2000', cpuMax: '800000 100000' }, 2],
  ['whole cores only', { limit: '1900' }, 1],
  ['less than one core is one thread', { limit: '250' }, 1],
  ['cgroup v2', { cpuMax: '400000 100000\n' }, 4],
  ['cgroup v2 without a limit', { cpuMax: 'max 100000' }, 16],
  ['cgroup v1', { quota: '300000\n', period: '100000\n' }, 3],
  ['cgroup v1 without a limit', { quota: '-1', period: '100000' }, 16],
  ['never more than there are', { limit: '64000' }, 16],
  ['nonsense', { limit: 'many', cpuMax: '' }, 16],
])('threads: %s', (_, facts, threads) => {
  expect(threadsFor({ ...NONE, ...facts })).toBe(threads);
});
