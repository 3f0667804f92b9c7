import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** Work that ends when it is told to. */
function held(): {
  readonly work: () => Promise<string>;
  readonly end: (answer: string) => void;
  readonly started: () => boolean;
} {
  const { promise, resolve } = Promise.withResolvers<string>();
  let started = false;
  return {
    work: () => {
      started = true;
      return promise;
    },
    end: resolve,
    started: () => started,
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('as many run at once as there are slots, the oldest next', async () => {
  const turns = new Turns({ slots: 2, pixels: 1000, waitMs: 100 });
  const works = [held(), held(), held(), held()];
  const answers = works.map(({ work }) => turns.take(10, work));
  await settle();
  expect(works.map(({ started }) => started())).toEqual([true, true, false, false]);
  works[1]?.end('second');
  await settle();
  expect(works.map(({ started }) => started())).toEqual([true, true, true, false]);
  for (const [index, { end }] of works.entries()) end(String(index));
  expect(await Promise.all(answers)).toEqual(['0', 'second', '2', '3']);
});

test('pixels of all that run are bounded, and one that is larger runs alone', async () => {
  const turns = new Turns({ slots: 8, pixels: 100, waitMs: 100 });
  const works = [60, 60, 500, 10].map((pixels) => ({ pixels, held: held() }));
  const answers = works.map(({ pixels, held }) => turns.take(pixels, held.work));
  for (const [index, { held }] of works.entries()) {
    await settle();
    expect(works.filter(({ held }) => held.started()).length).toBe(index + 1);
    held.end('done');
  }
  await Promise.all(answers);
});

test('work that fails gives its place back', async () => {
  const turns = new Turns({ slots: 1, pixels: 100, waitMs: 100 });
  await expect(turns.take(1, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await turns.take(1, () => Promise.resolve('fine'))).toBe('fine');
});

test('there is room for as many as the mean time allows to wait', async () => {
  let now = 0;
  const turns = new Turns({ slots: 2, pixels: 1e9, waitMs: 100, now: () => now });
  const megapixel = 950_000;
  for (let i = 0; i < 100; i++) {
    await turns.take(megapixel, async () => {
      now += 10; // 10 ms each: 20 may wait for 2 slots
    });
  }
  const works = Array.from({ length: 20 }, held);
  const answers = works.map(({ work }) => turns.take(megapixel, work));
  expect(turns.hasRoom([megapixel])).toBe(true);
  expect(turns.hasRoom([megapixel, megapixel, megapixel])).toBe(false);
  for (const { end } of works) end('');
  await Promise.all(answers);
  expect(turns.hasRoom(Array.from({ length: 1000 }, () => megapixel))).toBe(true);
});

test('work that fails at once does not make the rest look quick', async () => {
  let now = 0;
  const turns = new Turns({ slots: 1, pixels: 1e9, waitMs: 100, now: () => now });
  const megapixel = 950_000;
  for (let i = 0; i < 100; i++) {
    await turns.take(megapixel, async () => {
      now += 10;
    });
  }
  for (let i = 0; i < 100; i++)
    await turns.take(megapixel, () => Promise.reject(new Error('gone'))).catch(() => undefined);
  const works = Array.from({ length: 11 }, held);
  const answers = works.map(({ work }) => turns.take(megapixel, work));
  expect(turns.hasRoom([megapixel])).toBe(false);
  for (const { end } of works) end('');
  await Promise.all(answers);
});
