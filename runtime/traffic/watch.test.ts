import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Traffic } from '#contract/traffic.ts';
import { Folder } from '#runtime/testing.ts';
import { until } from './testing.ts';
import { watchTraffic } from './watch.ts';

const TRAFFIC: Traffic = {
  formatVersion: 1,
  generation: 5,
  stable: { revision: 'a', number: 1, url: 'http://127.0.0.1:9' },
  candidate: {
    revision: 'b',
    number: 2,
    url: 'http://127.0.0.1:8',
    weight: 5,
    shadow: 0,
    deadlineMs: 1000,
    tolerance: 0,
  },
};

async function watched(folder: Folder) {
  const path = await folder.write('traffic.json', JSON.stringify(TRAFFIC));
  const applied: Traffic[] = [];
  const problems: string[] = [];
  const watch = await watchTraffic(path, {
    changed: (traffic) => applied.push(traffic),
    failed: (message) => problems.push(message),
  });
  const write = (text: string) => folder.write('traffic.json', text);
  return { path, applied, problems, watch, write };
}

const { candidate } = TRAFFIC;
test.each<[string, Partial<Traffic>]>([
  ['another weight under the same generation', { candidate: candidate && { ...candidate, weight: 25 } }],
  ['another share of copies', { generation: 6, candidate: candidate && { ...candidate, shadow: 100 } }],
  [
    'another number of the same candidate',
    { generation: 6, candidate: candidate && { ...candidate, number: 3 } },
  ],
  ['no candidate any more', { generation: 6, candidate: undefined }],
  ['another stable revision', { generation: 6, stable: { ...TRAFFIC.stable, revision: 'b' } }],
  ['a lower generation, as of an operator restored from a backup', { generation: 2 }],
])('%s is applied', async (_, change) => {
  await using folder = await Folder.create();
  const { applied, problems, watch, write } = await watched(folder);
  const next: Traffic = JSON.parse(JSON.stringify({ ...TRAFFIC, ...change })) as Traffic;
  await write(JSON.stringify(next));
  await until(() => Promise.resolve(applied.length === 2));
  watch.close();
  expect(applied[1]).toEqual(next);
  expect(watch.current).toEqual(next);
  expect(problems.filter((problem) => !problem.includes('SyntaxError'))).toEqual([]);
});

test('a file that is only written otherwise changes nothing', async () => {
  await using folder = await Folder.create();
  const { applied, watch, write } = await watched(folder);
  await write(JSON.stringify(TRAFFIC, undefined, 2));
  await sleep(200);
  watch.close();
  expect(applied).toEqual([TRAFFIC]);
});

test('a damaged file changes nothing and is told once, and so is one that has gone', async () => {
  await using folder = await Folder.create();
  const { path, applied, problems, watch, write } = await watched(folder);
  const damaged = JSON.stringify({ ...TRAFFIC, generation: 6, candidate: { ...candidate, weight: 101 } });
  await rm(path);
  await until(() => Promise.resolve(problems.length === 1));
  // Another file in the folder has it looked at again.
  await folder.write('other', '');
  await write(damaged);
  await until(() => Promise.resolve(problems.some((problem) => problem.includes('candidate.weight'))));
  await folder.write('other', 'again');
  await sleep(150);
  expect(problems.filter((problem) => problem.includes('cannot be read')).length).toBe(1);
  expect(problems.filter((problem) => problem.includes('candidate.weight')).length).toBe(1);
  await write(JSON.stringify({ ...TRAFFIC, generation: 7 }));
  await until(() => Promise.resolve(watch.current?.generation === 7));
  watch.close();
  expect(applied.map(({ generation }) => generation)).toEqual([5, 7]);
});
