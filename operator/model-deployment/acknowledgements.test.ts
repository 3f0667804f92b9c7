import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Acknowledgements } from './acknowledgements.ts';

const inquiry = (generation: number, ...uids: readonly string[]) => ({
  generation,
  pods: uids.map((uid) => ({ uid, ip: uid })),
});

test('pods are asked until each has applied the generation; then the reconcile is called once', async () => {
  const answers = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const complete: string[] = [];
  const acknowledgements = new Acknowledgements({
    probe: async (ip) => answers.get(ip) ?? 0,
    onComplete: (uid) => void complete.push(uid),
    everyMs: 5,
  });
  acknowledgements.follow('md', inquiry(2, 'a', 'b'));
  await sleep(30);
  expect(complete).toEqual([]);
  expect(Object.fromEntries(acknowledgements.reported('md'))).toEqual({ a: 1, b: 2 });
  answers.set('a', 2);
  await expect.poll(() => complete).toEqual(['md']);
  expect(acknowledgements.reported('md').get('a')).toBe(2);
});

test('a pod that cannot be reached is given up soon, and reports nothing', async () => {
  let asked = 0;
  const acknowledgements = new Acknowledgements({
    probe: async () => {
      asked += 1;
      throw new Error('refused');
    },
    onComplete: () => undefined,
    everyMs: 2,
  });
  acknowledgements.follow('md', inquiry(2, 'a'));
  await sleep(80);
  expect(asked).toBe(6);
  expect(acknowledgements.reported('md').size).toBe(0);
});

test('another generation ends the earlier inquiry, the same one again asks nobody twice', async () => {
  const asked: string[] = [];
  const acknowledgements = new Acknowledgements({
    probe: async (ip, signal) => {
      asked.push(ip);
      await sleep(1_000, undefined, { signal });
      return 9;
    },
    onComplete: () => undefined,
  });
  acknowledgements.follow('md', inquiry(2, 'a'));
  acknowledgements.follow('md', inquiry(2, 'a', 'b'));
  acknowledgements.follow('md', inquiry(3, 'a'));
  acknowledgements.forget('md');
  await sleep(20);
  expect(asked).toEqual(['a', 'b', 'a']);
});

test('only so many pods are asked at the same time', async () => {
  let now = 0;
  let most = 0;
  const acknowledgements = new Acknowledgements({
    probe: async () => {
      now += 1;
      most = Math.max(most, now);
      await sleep(3);
      now -= 1;
      return 2;
    },
    onComplete: () => undefined,
    concurrency: 4,
  });
  acknowledgements.follow('md', inquiry(2, ...Array.from({ length: 20 }, (_, i) => `pod-${i}`)));
  await expect.poll(() => acknowledgements.reported('md').size).toBe(20);
  expect(most).toBe(4);
});
