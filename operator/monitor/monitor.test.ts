import { describe, expect, it, onTestFinished } from 'vitest';
import type { PodReport } from '#contract/pod-report.ts';
import type { MonitoringRequest } from '#operator/rollout/readings.ts';
import { report } from '#operator/rollout/checks-testing.ts';
import { compact } from './compact.ts';
import { Monitor } from './monitor.ts';
import type { MonitorOptions } from './monitor.ts';
import { until } from './testing.ts';

const UID = 'md-1';

function monitorOf(options: Partial<MonitorOptions> = {}): { monitor: Monitor; rounds: () => number } {
  let rounds = 0;
  const monitor = new Monitor({
    probe: async () => Promise.resolve(report()),
    prometheus: undefined,
    onRead: () => (rounds += 1),
    everyMs: 10,
    ...options,
  });
  onTestFinished(() => monitor.forget(UID));
  return { monitor, rounds: () => rounds };
}

function requestOf(more: Partial<MonitoringRequest> = {}, pods = ['a']): MonitoringRequest {
  return {
    key: 'step 1',
    pods: pods.map((uid) => ({ uid, ip: `10.0.0.${uid}`, revision: 'one' })),
    queries: [],
    since: 0,
    ...more,
  };
}

const hanging = async (): Promise<PodReport> => new Promise(() => undefined);

describe('a monitor', () => {
  it('reads all pods again and again, and tells of each round', async () => {
    const { monitor, rounds } = monitorOf();
    monitor.follow(UID, requestOf({}, ['a', 'b']));
    await until(() => rounds() >= 3, 'three rounds');
    const { samples } = monitor.monitoring(UID);
    expect(samples.length).toBeGreaterThanOrEqual(6);
    expect(new Set(samples.map(({ uid }) => uid))).toEqual(new Set(['a', 'b']));
    expect(samples[0]).toMatchObject({ revision: 'one', report: compact(report(), undefined) });
  });

  it('knows nothing of whom it does not follow', () => {
    expect(monitorOf().monitor.monitoring('other')).toMatchObject({
      samples: [],
      watchedMs: 0,
      followedMs: 0,
    });
  });

  it('begins nothing anew for a request that it has already', async () => {
    let asked = 0;
    const probe = async (): Promise<PodReport> => Promise.resolve((asked += 1)).then(() => report());
    const { monitor, rounds } = monitorOf({ probe, everyMs: 1000 });
    for (let i = 0; i < 10; i++) monitor.follow(UID, requestOf());
    await until(() => rounds() >= 1, 'a round');
    expect(asked).toBe(1);
  });

  it('stops when it is told to forget, in the middle of a question too', async () => {
    const aborted: boolean[] = [];
    let asked = 0;
    const { monitor, rounds } = monitorOf({
      probe: async (_, signal) => {
        asked += 1;
        signal.addEventListener('abort', () => aborted.push(true));
        return hanging();
      },
    });
    monitor.follow(UID, requestOf());
    await until(() => asked === 1, 'the pod is asked');
    monitor.forget(UID);
    expect(aborted).toEqual([true]);
    expect(monitor.monitoring(UID).samples).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(rounds()).toBe(0);
  });

  it('names pods that do not answer, until they do or are gone', async () => {
    let isUp = false;
    const { monitor } = monitorOf({
      probe: async () => (isUp ? Promise.resolve(report()) : Promise.reject(new Error('ECONNREFUSED'))),
    });
    monitor.follow(UID, requestOf({}, ['a', 'b']));
    await until(() => monitor.monitoring(UID).unreachable.size === 2, 'both are named');
    expect(monitor.monitoring(UID).unreachable.get('a')).toBe('ECONNREFUSED');
    monitor.follow(UID, requestOf({}, ['a']));
    expect([...monitor.monitoring(UID).unreachable.keys()]).toEqual(['a']);
    isUp = true;
    await until(() => monitor.monitoring(UID).unreachable.size === 0, 'it answers');
  });

  it('asks a pod that does not answer ever more rarely', async () => {
    let asked = 0;
    const probe = async (): Promise<PodReport> => Promise.resolve((asked += 1)).then(hangsUp);
    const hangsUp = (): never => {
      throw new Error('reset');
    };
    const { monitor, rounds } = monitorOf({ probe, everyMs: 2 });
    monitor.follow(UID, requestOf());
    await until(() => rounds() >= 32, 'some rounds');
    expect(asked).toBeLessThanOrEqual(8);
  });

  it('asks no more pods at once than it may, of all ModelDeployments together', async () => {
    let now = 0;
    let most = 0;
    const { monitor, rounds } = monitorOf({
      concurrency: 3,
      probe: async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 2));
        now -= 1;
        return report();
      },
    });
    const names = Array.from({ length: 10 }, (_, i) => `md-${i}`);
    for (const name of names) monitor.follow(name, requestOf({}, ['a', 'b']));
    await until(() => rounds() >= 20, 'two rounds each');
    for (const name of names) monitor.forget(name);
    expect(most).toBe(3);
  });
});

describe('the time that a step is watched', () => {
  const clocked = (): {
    monitor: Monitor;
    rounds: () => number;
    pass: (ms: number) => void;
    fail: (is: boolean) => void;
  } => {
    let now = 1_000_000;
    let fails = false;
    const { monitor, rounds } = monitorOf({
      monotonic: () => now,
      probe: async () => (fails ? Promise.reject(new Error('down')) : Promise.resolve(report())),
    });
    return { monitor, rounds, pass: (ms) => (now += ms), fail: (is) => (fails = is) };
  };
  const nextRound = async (rounds: () => number): Promise<void> => {
    const before = rounds();
    await until(() => rounds() >= before + 2, 'a round');
  };

  it('begins with the first round of readings, and anew with another step', async () => {
    const { monitor, rounds, pass } = clocked();
    monitor.follow(UID, requestOf());
    expect(monitor.monitoring(UID).watchedMs).toBe(0);
    await nextRound(rounds);
    pass(5000);
    expect(monitor.monitoring(UID).watchedMs).toBe(5000);
    await nextRound(rounds);
    const { samples } = monitor.monitoring(UID);
    monitor.follow(UID, requestOf({ key: 'step 2' }));
    expect(monitor.monitoring(UID)).toMatchObject({ watchedMs: 0, followedMs: 0 });
    expect(monitor.monitoring(UID).samples.length).toBeGreaterThanOrEqual(samples.length);
  });

  it('begins anew after a time in which no pod answered', async () => {
    const { monitor, rounds, pass, fail } = clocked();
    monitor.follow(UID, requestOf());
    await nextRound(rounds);
    pass(8000);
    await nextRound(rounds);
    expect(monitor.monitoring(UID).watchedMs).toBe(8000);
    fail(true);
    await nextRound(rounds);
    pass(60_000);
    expect(monitor.monitoring(UID).watchedMs).toBe(0);
    fail(false);
    await until(() => monitor.monitoring(UID).unreachable.size === 0, 'it answers again');
    await nextRound(rounds);
    expect(monitor.monitoring(UID).watchedMs).toBeLessThan(8000);
  });

  it('is not the time that it is followed, which goes on when no pod answers', async () => {
    const { monitor, rounds, pass, fail } = clocked();
    fail(true);
    monitor.follow(UID, requestOf());
    pass(4000);
    monitor.follow(UID, requestOf({ since: 1 }));
    await nextRound(rounds);
    pass(60_000);
    expect(monitor.monitoring(UID)).toMatchObject({ watchedMs: 0, followedMs: 64_000 });
    monitor.follow(UID, requestOf({ key: 'step 2' }));
    pass(1000);
    expect(monitor.monitoring(UID).followedMs).toBe(1000);
  });

  it('goes on where there is no pod to be asked', async () => {
    const { monitor, rounds, pass } = clocked();
    monitor.follow(UID, requestOf({}, []));
    await nextRound(rounds);
    pass(3000);
    expect(monitor.monitoring(UID).watchedMs).toBe(3000);
  });
});

describe('queries', () => {
  it('are asked beside the pods, and kept by their text', async () => {
    const { monitor } = monitorOf({
      prometheus: { query: async (query) => Promise.resolve({ kind: 'value', value: query.length }) },
      clock: () => 77,
    });
    monitor.follow(UID, requestOf({ queries: ['up', 'down'] }));
    await until(() => monitor.monitoring(UID).queries.size === 2, 'both are answered');
    expect(monitor.monitoring(UID).queries.get('down')).toEqual({ at: 77, value: 4 });
    monitor.follow(UID, requestOf({ queries: ['up'] }));
    expect([...monitor.monitoring(UID).queries.keys()]).toEqual(['up']);
  });

  it('hold up no pod when Prometheus hangs, and are not asked again with every round', async () => {
    let asked = 0;
    const { monitor, rounds } = monitorOf({
      prometheus: {
        query: async () => {
          asked += 1;
          return new Promise(() => undefined);
        },
      },
    });
    monitor.follow(UID, requestOf({ queries: ['up'] }));
    await until(() => rounds() >= 5, 'rounds go on');
    expect(asked).toBe(1);
    expect(monitor.monitoring(UID).samples.length).toBeGreaterThanOrEqual(5);
  });

  it('of a hung Prometheus wait once each, however often they are due', async () => {
    let now = 0;
    const asked: string[] = [];
    const { monitor, rounds } = monitorOf({
      monotonic: () => now,
      prometheus: {
        query: async (query) => {
          asked.push(query);
          return new Promise(() => undefined);
        },
      },
    });
    const queries = Array.from({ length: 16 }, (_, i) => `up ${i}`);
    monitor.follow(UID, requestOf({ queries }));
    for (let round = 2; round < 20; round++) {
      now += 20_000;
      await until(() => rounds() >= round, 'a round');
    }
    expect(asked).toEqual(['up 0']);
    monitor.follow(UID, requestOf({ queries: ['up 7', 'up 15'] }));
    await until(() => asked.length === 2, 'the hung one is dropped');
    expect(asked).toEqual(['up 0', 'up 7']);
  });

  it('that are slow hold up nobody else’s', async () => {
    const { monitor } = monitorOf({
      prometheus: {
        query: async (query) =>
          query.startsWith('slow')
            ? new Promise(() => undefined)
            : Promise.resolve({ kind: 'value', value: 1 }),
      },
    });
    const slow = Array.from({ length: 7 }, (_, i) => `slow-${i}`);
    for (const name of slow) {
      const queries = Array.from({ length: 16 }, (_, i) => `slow ${i}`);
      monitor.follow(name, requestOf({ queries }));
    }
    const queries = Array.from({ length: 16 }, (_, i) => `up ${i}`);
    monitor.follow(UID, requestOf({ queries }));
    await until(() => monitor.monitoring(UID).queries.size === 16, 'all are answered');
    for (const name of slow) monitor.forget(name);
  });

  it('are asked again after an answer, when they are due', async () => {
    let now = 0;
    let asked = 0;
    const { monitor, rounds } = monitorOf({
      monotonic: () => now,
      prometheus: { query: async () => Promise.resolve({ kind: 'value', value: (asked += 1) }) },
    });
    monitor.follow(UID, requestOf({ queries: ['up'] }));
    await until(() => rounds() >= 3, 'rounds');
    expect(asked).toBe(1);
    now += 10_000;
    await until(() => asked === 2, 'it is asked again');
  });

  it('say which flag is missing where the operator knows no Prometheus', async () => {
    const { monitor } = monitorOf();
    monitor.follow(UID, requestOf({ queries: ['up'] }));
    await until(() => monitor.monitoring(UID).queries.size === 1, 'it is answered');
    expect(monitor.monitoring(UID).queries.get('up')).toMatchObject({
      problem: expect.stringContaining('--prometheus-url') as string,
    });
  });
});
