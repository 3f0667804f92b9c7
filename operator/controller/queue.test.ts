import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { WorkQueue } from './queue.ts';

/** A clock that stands still until it is moved. */
class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now = (): number => this.#now;

  after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = until;
  }
}

/** Takes keys without waiting: a worker that is always there. */
function worker(queue: WorkQueue): { readonly taken: string[] } {
  const taken: string[] = [];
  const take = async (): Promise<void> => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) taken.push(key);
  };
  void take();
  return { taken };
}

const settle = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('WorkQueue', () => {
  it('gives a key out once however often it was added, and again when it was added during its work', async () => {
    const queue = new WorkQueue();
    queue.add('a');
    queue.add('a');
    expect(await queue.next()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(queue.depth).toBe(1);
    expect(await queue.next()).toBe('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  it('lets a key rest after its work: a burst of changes is one look, and another key does not wait', async () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ clock, restMs: 100 });
    const { taken } = worker(queue);
    queue.add('a');
    await settle();
    queue.add('a'); // while it is worked on
    queue.done('a');
    clock.advance(40);
    queue.add('a');
    queue.add('b');
    await settle();
    expect(taken).toEqual(['a', 'b']);
    clock.advance(59);
    await settle();
    expect(taken).toEqual(['a', 'b']);
    clock.advance(1);
    await settle();
    expect(taken).toEqual(['a', 'b', 'a']);
    queue.done('a');
    clock.advance(100);
    queue.add('a');
    await settle();
    expect(taken).toEqual(['a', 'b', 'a', 'a']);
  });

  it('serves keys in the order in which they came, so a busy key waits behind the others', async () => {
    const queue = new WorkQueue();
    for (const key of ['a', 'b', 'c']) queue.add(key);
    expect(await queue.next()).toBe('a');
    queue.add('a');
    queue.done('a');
    expect([await queue.next(), await queue.next(), await queue.next()]).toEqual(['b', 'c', 'a']);
  });

  it('keeps the earliest of several appointments, and none once the key is at work anyway', async () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ clock });
    const { taken } = worker(queue);
    queue.addAfter('a', 5000);
    queue.addAfter('a', 1000);
    queue.addAfter('a', 3000);
    clock.advance(999);
    await settle();
    expect(taken).toEqual([]);
    clock.advance(1);
    await settle();
    expect(taken).toEqual(['a']);
    queue.done('a');
    queue.addAfter('a', 1000);
    queue.add('a');
    await settle();
    queue.done('a');
    clock.advance(10_000);
    await settle();
    expect(taken).toEqual(['a', 'a']);
  });

  it('waits twice as long after each failure in a row, up to the bound, never below what the server asked', () => {
    const clock = new ManualClock();
    for (const random of [0, 1]) {
      const queue = new WorkQueue({ clock, random: () => random });
      const delayOf = (atLeastMs = 0): number => {
        const before = clock.now();
        queue.retry('a', { firstMs: 100, maxMs: 1000 }, atLeastMs);
        while (queue.depth === 0) clock.advance(1);
        void queue.next();
        queue.done('a');
        return clock.now() - before;
      };
      const delays = [delayOf(), delayOf(), delayOf(), delayOf(), delayOf(), delayOf()];
      const full = [100, 200, 400, 800, 1000, 1000];
      expect(delays).toEqual(random === 1 ? full : full.map((ms) => ms / 2));
      expect(delayOf(4000)).toBeGreaterThanOrEqual(4000);
      queue.forget('a');
      expect(delayOf()).toBe(random === 1 ? 100 : 50);
    }
  });

  it('hands nothing out after it was closed, and lets those go who wait', async () => {
    const queue = new WorkQueue();
    const waiting = queue.next();
    queue.close();
    queue.add('a');
    expect([await waiting, await queue.next()]).toEqual([undefined, undefined]);
  });
});

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('addAfter' as const), key: fc.nat(5), ms: fc.nat(50) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('retry' as const), key: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(60) }) },
);

/** Three workers, and whoever finishes is drawn by the test. */
async function play(
  actions: readonly (typeof action extends fc.Arbitrary<infer A> ? A : never)[],
): Promise<void> {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock });
  const atWork: string[] = [];
  /** Keys that somebody wants worked on: the queue owes a turn that begins after the wish. */
  const owed = new Set<string>();
  const turn = async (): Promise<void> => {
    const key = await queue.next();
    if (key === undefined) return;
    expect(atWork, 'the same key twice at a time').not.toContain(key);
    atWork.push(key);
    owed.delete(key);
  };
  const finish = (key: string): void => {
    atWork.splice(atWork.indexOf(key), 1);
    queue.done(key);
    void turn();
  };
  for (let workers = 0; workers < 3; workers += 1) void turn();
  for (const each of actions) {
    if (each.do === 'finish') {
      const key = atWork[each.which % Math.max(1, atWork.length)];
      if (key !== undefined) finish(key);
    } else if (each.do === 'advance') clock.advance(each.ms);
    else {
      const key = String(each.key);
      owed.add(key);
      if (each.do === 'add') queue.add(key);
      else if (each.do === 'addAfter') queue.addAfter(key, each.ms);
      else queue.retry(key, { firstMs: 1, maxMs: 20 });
    }
    await settle();
    expect(atWork.length).toBeLessThanOrEqual(3);
    if (queue.depth > 0) expect(atWork, 'a worker idles while a key is ready').toHaveLength(3);
  }
  for (let round = 0; round < 30 && (owed.size > 0 || atWork.length > 0); round += 1) {
    clock.advance(100);
    for (const key of Array.from(atWork)) finish(key);
    await settle();
  }
  expect([...owed], 'wishes that were never granted').toEqual([]);
  queue.close();
}

it('never works on a key twice at a time, never idles while a key is ready, and forgets no wish', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 60 }), play), { numRuns: 200 });
});
