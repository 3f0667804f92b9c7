import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PodDrift } from '#contract/pod-drift.ts';
import { askPodForDrift } from './pod-drift-probe.ts';
import type { DriftReading, DriftRequest } from './reading.ts';
import { DriftWatch, type DriftWatchOptions } from './watch.ts';

const UID = 'md-1';

const counts = (...bins: readonly number[]): PodDrift => ({
  formatVersion: 1,
  instance: 'one',
  ageMs: 0,
  leftOut: 0,
  features: [{ name: 'age', categories: 0, reference: [0, 500, 500, 0, 0], counts: [0, ...bins, 0, 0] }],
});

const request: DriftRequest = {
  revision: 'churn-1',
  windowMs: 60_000,
  maxPsi: 0.2,
  minSamples: 200,
  pods: [
    { uid: 'a', ip: '10.0.0.1' },
    { uid: 'b', ip: '10.0.0.2' },
  ],
  unready: [],
};

function watchOf(options: Partial<DriftWatchOptions>): { watch: DriftWatch; news: () => number } {
  let news = 0;
  const watch = new DriftWatch({
    probe: async () => Promise.resolve(counts(150, 150)),
    onNews: () => (news += 1),
    everyMs: 5,
    ...options,
  });
  onTestFinished(() => watch.forget(UID));
  return { watch, news: () => news };
}

const isSteady = (reading: DriftReading): boolean =>
  reading.is === 'measured' && reading.features.every(({ state }) => state === 'steady');

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isSo()).toBe(true);
}

describe('a watch on drift', () => {
  it('adds up all pods, and tells of what is new alone', async () => {
    let asked = 0;
    const { watch, news } = watchOf({
      probe: async () => Promise.resolve((asked += 1)).then(() => counts(150, 150)),
    });
    expect(watch.reading(UID)).toEqual({ is: 'unread' });
    watch.follow(UID, request);
    await until(() => asked >= 8);
    expect(watch.reading(UID)).toMatchObject({
      is: 'measured',
      revision: 'churn-1',
      features: [{ name: 'age', state: 'steady' }],
    });
    expect(news()).toBe(1);
  });

  it('says that no pod answers once that lasts, and why', async () => {
    let rounds = 0;
    const { watch } = watchOf({
      probe: async () => {
        rounds += 1;
        return Promise.reject(new Error('ECONNREFUSED'));
      },
    });
    watch.follow(UID, { ...request, pods: request.pods.slice(0, 1) });
    await until(() => rounds === 2);
    expect(watch.reading(UID)).toEqual({ is: 'unread' });
    await until(() => watch.reading(UID).is === 'unreachable');
    expect(watch.reading(UID)).toMatchObject({ why: 'ECONNREFUSED' });
  });

  it('says that there is no reference, in the pod’s own words', async () => {
    const none = { ...counts(), features: [], unavailable: 'model.json names no drift reference.' };
    const { watch } = watchOf({ probe: async () => Promise.resolve(none) });
    watch.follow(UID, request);
    await until(() => watch.reading(UID).is === 'noReference');
    expect(watch.reading(UID)).toMatchObject({ why: 'model.json names no drift reference.' });
  });

  it('begins anew with another stable revision or window, and goes on with other pods or limits', async () => {
    const { watch } = watchOf({});
    watch.follow(UID, request);
    await until(() => watch.reading(UID).is === 'measured');
    watch.follow(UID, { ...request, maxPsi: 0.5, pods: [] });
    expect(watch.reading(UID).is).toBe('measured');
    watch.follow(UID, { ...request, revision: 'churn-2' });
    expect(watch.reading(UID)).toEqual({ is: 'unread' });
  });

  it('counts no row twice of a pod that was not ready for a while', async () => {
    let asked: string[] = [];
    const { watch } = watchOf({
      probe: async (ip) => Promise.resolve(asked.push(ip)).then(() => counts(150, 150)),
    });
    const [a, b] = request.pods as [(typeof request.pods)[0], (typeof request.pods)[0]];
    // A limit that no index reaches: the state says whether there are more rows than the 600 that were answered.
    const some = { ...request, maxPsi: 10, minSamples: 601 };
    for (const pods of [[a, b], [b], [a, b]]) {
      watch.follow(UID, { ...some, pods, unready: pods.includes(a) ? [] : [a.uid] });
      asked = [];
      await until(() => asked.length >= 6);
      expect(asked.slice(2).includes(a.ip)).toBe(pods.includes(a));
    }
    expect(watch.reading(UID)).toMatchObject({ is: 'measured', features: [{ state: 'tooFewRows' }] });
    watch.follow(UID, { ...some, minSamples: 600 });
    await until(() => isSteady(watch.reading(UID)));
  });

  it('asks nobody any more once it is told to forget', async () => {
    let asked = 0;
    const { watch } = watchOf({
      probe: async () => Promise.resolve((asked += 1)).then(() => counts(1, 1)),
    });
    watch.follow(UID, request);
    await until(() => asked >= 2);
    watch.forget(UID);
    const then = asked;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(asked).toBe(then);
    expect(watch.reading(UID)).toEqual({ is: 'unread' });
  });

  it('asks no more pods at once than it may', async () => {
    let [now, most, asked] = [0, 0, 0];
    const { watch } = watchOf({
      concurrency: 2,
      probe: async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 2));
        now -= 1;
        asked += 1;
        return counts(1, 1);
      },
    });
    watch.follow(UID, { ...request, pods: Array.from({ length: 9 }, (_, i) => ({ uid: `${i}`, ip: '' })) });
    await until(() => asked >= 9);
    expect(most).toBe(2);
  });

  it('keeps no more counts than it may, and says so', async () => {
    const { watch } = watchOf({ maxBytes: 100 });
    watch.follow(UID, request);
    await until(() => watch.reading(UID).is === 'unreachable');
    expect(watch.reading(UID)).toMatchObject({ why: expect.stringContaining('fewer features') as string });
  });

  it('counts one of two that find no room together, and the other one once there is', async () => {
    const asked = new Map<string, number>();
    const { watch } = watchOf({
      // One has 620 bytes.
      maxBytes: 1000,
      probe: async (ip) => {
        asked.set(ip, (asked.get(ip) ?? 0) + 1);
        return Promise.resolve(counts(150, 150));
      },
    });
    const uids = [UID, 'md-2'];
    onTestFinished(() => watch.forget('md-2'));
    for (const uid of uids)
      watch.follow(uid, { ...request, pods: request.pods.map(({ uid: pod }) => ({ uid: pod, ip: uid })) });
    const of = (is: DriftReading['is']): readonly string[] =>
      uids.filter((uid) => watch.reading(uid).is === is);
    await until(() => of('measured').length === 1 && of('unreachable').length === 1);
    const [counted = '', waiting = ''] = [...of('measured'), ...of('unreachable')];
    const before = asked.get(waiting);
    const then = asked.get(counted) ?? 0;
    await until(() => (asked.get(counted) ?? 0) >= then + 8);
    expect([watch.reading(counted).is, watch.reading(waiting).is]).toEqual(['measured', 'unreachable']);
    expect(asked.get(waiting)).toBe(before);
    watch.forget(counted);
    await until(() => watch.reading(waiting).is === 'measured');
  });
});

describe('a pod that is asked', () => {
  const asking = async (status: number, body: string): Promise<PodDrift> => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      return await askPodForDrift('127.0.0.1', port, new AbortController().signal);
    } finally {
      server.close();
    }
  };

  it('is believed where it says its bins', async () => {
    expect(await asking(200, JSON.stringify(counts(1, 2)))).toEqual(counts(1, 2));
  });

  it.each([
    ['of an older release', 404, '{}', 'from before pods reported drift'],
    ['that fails', 500, '{}', 'HTTP 500'],
    ['that says what nobody understands', 200, '<html>', 'no report of drift'],
    ['of a later format', 200, JSON.stringify({ ...counts(1, 1), formatVersion: 2 }), 'no report of drift'],
    ['that never ends', 200, ' '.repeat(1024 * 1024 + 1), 'more than 1048576 bytes'],
  ])('%s is not', async (_, status, body, why) => {
    await expect(asking(status, body)).rejects.toThrow(why);
  });
});
