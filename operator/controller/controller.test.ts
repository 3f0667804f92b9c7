import { describe, expect, it } from 'vitest';
import { KubeError } from '#operator/kube/index.ts';
import { createLog } from '#operator/logging.ts';
import type { Log } from '#operator/logging.ts';
import { runController } from './controller.ts';
import type { Reconcile } from './controller.ts';
import { WorkQueue } from './queue.ts';

const silent = createLog('error', { write: () => undefined });

interface Running {
  readonly queue: WorkQueue;
  readonly results: string[];
  readonly stop: () => Promise<void>;
}

function start(reconcile: Reconcile, options: { deadlineMs?: number; log?: Log } = {}): Running {
  const queue = new WorkQueue();
  const results: string[] = [];
  const stopping = new AbortController();
  const running = runController(
    {
      queue,
      reconcile,
      concurrency: 2,
      deadlineMs: options.deadlineMs ?? 5000,
      log: options.log ?? silent,
      observe: (result) => results.push(result),
    },
    stopping.signal,
  );
  return {
    queue,
    results,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => void setTimeout(resolve, 2));
};

describe('runController', () => {
  it('tries a failing key again until it works, and others meanwhile', async () => {
    const seen: string[] = [];
    const { queue, results, stop } = start(async ({ name }) => {
      seen.push(name);
      if (name === 'bad' && seen.filter((each) => each === 'bad').length < 3) {
        throw new KubeError('conflict', 'changed meanwhile');
      }
      return {};
    });
    queue.add('ns/bad');
    for (const key of ['ns/a', 'ns/b', 'ns/c']) queue.add(key);
    await until(() => results.filter((each) => each === 'success').length === 4);
    expect(seen.filter((each) => each === 'bad')).toHaveLength(3);
    expect(results.filter((each) => each === 'error')).toHaveLength(2);
    await stop();
  });

  it('cuts a reconcile at its deadline, so that a hanging object does not keep its place for ever', async () => {
    const done: string[] = [];
    const { queue, stop } = start(
      async ({ name }, signal) => {
        if (name.startsWith('hang') && !done.includes(`${name} cut`)) {
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              done.push(`${name} cut`);
              reject(signal.reason as Error);
            });
          });
        }
        done.push(name);
        return {};
      },
      { deadlineMs: 20 },
    );
    for (const key of ['ns/hang1', 'ns/hang2', 'ns/ok']) queue.add(key);
    await until(() => done.includes('ok'));
    expect(done).toContain('hang1 cut');
    await stop();
  });

  it('looks again after the time that a reconcile asks for', async () => {
    let turns = 0;
    const { queue, stop } = start(async () => ({ requeueAfterMs: (turns += 1) < 3 ? 5 : undefined }));
    queue.add('ns/a');
    await until(() => turns === 3);
    await stop();
  });

  it('aborts what is under way when it stops, and resolves after it has ended', async () => {
    let [begun, ended] = [false, false];
    const { queue, stop } = start(async (_, signal) => {
      begun = true;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => void setTimeout(resolve, 10));
      });
      ended = true;
      return {};
    });
    queue.add('ns/a');
    await until(() => begun);
    await stop();
    expect(ended).toBe(true);
  });

  it('writes the object and one id for each reconcile into every line of its log', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = createLog('debug', {
      write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    });
    const { queue, results, stop } = start(
      async ({ name }) => {
        await Promise.resolve();
        log.info({ step: 1 }, `about ${name}`);
        return {};
      },
      { log },
    );
    queue.add('churn/a');
    queue.add('churn/b');
    await until(() => results.length === 2);
    const about = lines.filter((line) => String(line['message']).startsWith('about'));
    expect(about.map((line) => [line['namespace'], line['name']])).toEqual([
      ['churn', 'a'],
      ['churn', 'b'],
    ]);
    expect(new Set(about.map((line) => line['reconcileId'])).size).toBe(2);
    await stop();
  });
});
