import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('no more than so many run at once, in the order in which they came, and a failure gives its turn on', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    if (item === 1) throw new Error('one');
    return item;
  };
  const ends = await Promise.allSettled([0, 1, 2, 3, 4].map((item) => turns.run(() => work(item))));
  expect(ends.map(({ status }) => status).join(' ')).toBe('fulfilled rejected fulfilled fulfilled fulfilled');
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});
