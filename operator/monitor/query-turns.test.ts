import { describe, expect, it } from 'vitest';
import { QueryTurns } from './query-turns.ts';

/** Queries that run until they are ended by hand, or are dropped. */
function turnsOf(atOnce: number) {
  const turns = new QueryTurns(atOnce);
  const begun: string[] = [];
  const running = new Map<string, () => void>();
  const add = (owner: string, query: string): void => {
    const name = `${owner}/${query}`;
    turns.add(owner, query, async (signal) => {
      begun.push(name);
      await new Promise<void>((resolve) => {
        running.set(name, resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      running.delete(name);
    });
  };
  const end = async (name: string): Promise<void> => {
    running.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { turns, begun, running, add, end };
}

describe('turns of queries', () => {
  it('are one at a time for each owner, and so many of all together', () => {
    const { begun, add } = turnsOf(2);
    for (const owner of ['a', 'b', 'c']) for (const query of ['1', '2']) add(owner, query);
    expect(begun).toEqual(['a/1', 'b/1']);
  });

  it('go round: who has had none for longest is next', async () => {
    const { begun, add, end } = turnsOf(1);
    for (const query of ['1', '2', '3', '4']) add('slow', query);
    add('b', '1');
    add('c', '1');
    await end('slow/1');
    await end('b/1');
    add('b', '2');
    await end('c/1');
    await end('slow/2');
    await end('b/2');
    await end('slow/3');
    expect(begun).toEqual(['slow/1', 'b/1', 'c/1', 'slow/2', 'b/2', 'slow/3', 'slow/4']);
  });

  it('are not given twice to what waits or runs', async () => {
    const { turns, begun, add, end } = turnsOf(1);
    for (let i = 0; i < 100; i++) for (const query of ['1', '2']) add('a', query);
    expect([turns.has('a', '1'), turns.has('a', '2'), turns.has('b', '1')]).toEqual([true, true, false]);
    await end('a/1');
    expect(turns.has('a', '1')).toBe(false);
    await end('a/2');
    expect(begun).toEqual(['a/1', 'a/2']);
    add('a', '1');
    expect(begun).toHaveLength(3);
  });

  it('are taken from what is no longer asked for, whether it waits or runs', async () => {
    const { turns, begun, running, add } = turnsOf(1);
    for (const query of ['1', '2', '3']) add('a', query);
    add('b', '1');
    turns.keepOnly('a', ['3']);
    await new Promise((resolve) => setImmediate(resolve));
    expect([...running.keys()]).toEqual(['b/1']);
    turns.keepOnly('b', []);
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(['a/1', 'b/1', 'a/3']);
  });

  it('come back to an owner that was forgotten and is there again', async () => {
    const { turns, begun, add } = turnsOf(1);
    add('a', '1');
    turns.keepOnly('a', []);
    add('a', '2');
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(['a/1', 'a/2']);
  });
});
