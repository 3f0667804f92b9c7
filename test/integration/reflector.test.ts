import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAP, Reflector } from '#operator/kube/index.ts';
import type { Change, ConfigMap, ReflectorIncident, ReflectorOptions } from '#operator/kube/index.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { configMap, eventually, openRoom, quiet, type Room } from './kube-room.ts';

let plane: ControlPlane;
let room: Room;
let space = 0;
let namespace: string;

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(async () => plane?.stop());
beforeEach(async () => {
  space += 1;
  namespace = `reflector-${String(space)}`;
  await plane.kubectl(['create', 'namespace', namespace]);
  room = await openRoom(plane);
});
afterEach(async () => room.close());

interface Following {
  readonly reflector: Reflector<ConfigMap>;
  readonly changes: Change<ConfigMap>[];
  readonly incidents: ReflectorIncident[];
  readonly value: (name: string) => string | undefined;
}

/** A reflector of this test's namespace through the proxy; ends with the room. */
function follow(options: Partial<ReflectorOptions<ConfigMap>> = {}): Following {
  const changes: Change<ConfigMap>[] = [];
  const incidents: ReflectorIncident[] = [];
  const reflector = new Reflector({
    transport: room.transport,
    type: CONFIG_MAP,
    namespaces: [namespace],
    labelSelector: 'windlass.dev/test',
    log: quiet,
    onIncident: (_, incident) => void incidents.push(incident),
    ...options,
  });
  reflector.onChange((change) => void changes.push(change));
  void reflector.run(room.signal);
  return {
    reflector,
    changes,
    incidents,
    value: (name) => reflector.store.get({ namespace, name })?.data?.['value'],
  };
}

const make = async (name: string, value = '1'): Promise<ConfigMap> =>
  room.direct.create(CONFIG_MAP, configMap(namespace, name, value), room);
const set = async (name: string, value: string): Promise<ConfigMap> =>
  room.direct.patch(CONFIG_MAP, { namespace, name }, { data: { value } }, room);
const remove = async (name: string): Promise<void> =>
  room.direct.delete(CONFIG_MAP, { namespace, name }, { ...room, uid: undefined });
const told = (changes: readonly Change<ConfigMap>[]): readonly string[] =>
  changes.map((change) => `${change.type} ${change.object.metadata.name}`);

describe('a reflector on a real API server', () => {
  it('lists, then follows creations, changes and deletions of what its selector matches', async () => {
    await make('before');
    await room.direct.create(
      CONFIG_MAP,
      { ...configMap(namespace, 'other', '1'), metadata: { namespace, name: 'other' } },
      room,
    );
    const { reflector, changes, value } = follow();
    await reflector.synced(room.signal);
    expect(reflector.store.list().map((object) => object.metadata.name)).toEqual(['before']);
    await make('after');
    await set('after', '2');
    await remove('before');
    await eventually('all four changes', () => changes.length === 4);
    expect(told(changes)).toEqual(['added before', 'added after', 'updated after', 'deleted before']);
    expect([value('before'), value('after')]).toEqual([undefined, '2']);
  });

  it('keeps only what transform leaves, under the keys of its indexers', async () => {
    await make('a', 'red');
    await make('b', 'blue');
    const { reflector } = follow({
      transform: (object) => ({ ...object, metadata: { ...object.metadata, labels: {} } }),
      indexers: { colour: (object) => [object.data?.['value'] ?? ''] },
    });
    await reflector.synced(room.signal);
    const named = (colour: string): readonly string[] =>
      reflector.store.byIndex('colour', colour).map((object) => object.metadata.name);
    expect([named('red'), named('blue'), named('green')]).toEqual([['a'], ['b'], []]);
    await set('a', 'blue');
    await eventually('a under its new colour', () => named('blue').length === 2);
    expect(named('red')).toEqual([]);
    expect(reflector.store.get({ namespace, name: 'a' })?.metadata.labels).toEqual({});
  });

  it('takes more objects than one page holds, and starts over when the pages expire in between', async () => {
    await Promise.all(Array.from({ length: 520 }, async (_, index) => make(`many-${String(index)}`)));
    const expired = [{ status: 410, reason: 'Expired' }];
    await room.proxy.setFaults({ errorRate: 1, errorStatuses: expired, errorsMatching: /continue=/ });
    const { reflector, incidents } = follow();
    await eventually('two expired lists', () => incidents.length >= 2);
    expect([reflector.store.hasSynced, reflector.store.list().length]).toEqual([false, 0]);
    await room.proxy.setFaults({});
    await reflector.synced(room.signal);
    expect(reflector.store.list()).toHaveLength(520);
  });

  it('follows several namespaces as one store', async () => {
    const second = `${namespace}-b`;
    await plane.kubectl(['create', 'namespace', second]);
    await make('a');
    await room.direct.create(CONFIG_MAP, configMap(second, 'a', 'second'), room);
    const { reflector } = follow({ namespaces: [namespace, second] });
    await reflector.synced(room.signal);
    expect(reflector.store.get({ namespace: second, name: 'a' })?.data).toEqual({ value: 'second' });
    expect([reflector.store.list().length, reflector.store.list(second).length]).toEqual([2, 1]);
    expect(reflector.store.get({ namespace: 'default', name: 'a' })).toBeUndefined();
  });

  it('shows an own write at once, tells it no second time, and is not set back by events that are older', async () => {
    await make('a');
    const { reflector, changes, value } = follow();
    await reflector.synced(room.signal);
    await eventually('an open watch', () => room.proxy.openWatches.length === 1);
    await room.proxy.setFaults({ silent: 'watches' });
    await set('a', '2');
    reflector.store.observe(await set('a', '3'));
    expect(value('a')).toBe('3');
    await room.proxy.setFaults({});
    await make('last');
    const seen = new Set<string | undefined>();
    await eventually('the watch caught up', () => seen.add(value('a')) && value('last') === '1');
    expect([...seen]).toEqual(['3']);
    expect(told(changes)).toEqual(['added a', 'added last']);
  });
});

describe('a reflector whose way is bad', () => {
  it('is not synced, and empty for nobody, while its first list fails', async () => {
    await make('a');
    await room.proxy.setFaults({
      errorRate: 1,
      errorStatuses: [{ status: 503, reason: 'ServiceUnavailable' }],
    });
    const { reflector, changes, incidents } = follow();
    await eventually('three failed lists', () => incidents.length >= 3);
    expect([reflector.store.hasSynced, changes.length]).toEqual([false, 0]);
    await room.proxy.setFaults({});
    await reflector.synced(room.signal);
    expect(told(changes)).toEqual(['added a']);
  });

  it('goes on from where a cut watch was, without listing again', async () => {
    const { reflector, incidents, value } = follow();
    await reflector.synced(room.signal);
    await room.proxy.setFaults({ cutWatchesEveryMs: 50 });
    await make('a');
    for (let turn = 1; turn <= 40; turn += 1) {
      await set('a', String(turn));
      await eventually(`value ${String(turn)}`, () => value('a') === String(turn));
    }
    expect(room.proxy.counts.cuts).toBeGreaterThan(5);
    expect(incidents.filter((incident) => incident === 'listed')).toHaveLength(1);
  });

  it('lists again after 410 Gone, and tells the deletions that happened meanwhile', async () => {
    await make('a');
    await make('b');
    const { reflector, changes, incidents } = follow();
    await reflector.synced(room.signal);
    await eventually('an open watch', () => room.proxy.openWatches.length === 1);
    await room.proxy.setFaults({ silent: 'watches' });
    await remove('a');
    const again = await make('c');
    room.proxy.injectErrorEvent(410, 'Expired', 'too old resource version: 1 (2)');
    await eventually('the deletion', () => told(changes).includes('deleted a'));
    expect(incidents).toContain('expired');
    expect(reflector.store.get({ namespace, name: 'c' })?.metadata.uid).toBe(again.metadata.uid);
  });

  it('resumes after any other ERROR event, and when watches are answered 429 or 503 for a while', async () => {
    await make('a');
    const { reflector, incidents, value } = follow();
    await reflector.synced(room.signal);
    await eventually('an open watch', () => room.proxy.openWatches.length === 1);
    room.proxy.injectErrorEvent(500, 'InternalError', 'etcd event received with PrevKv=nil');
    await set('a', '2');
    await eventually('the change after the ERROR event', () => value('a') === '2');
    for (const [status, reason] of [
      [429, 'TooManyRequests'],
      [503, 'ServiceUnavailable'],
    ] as const) {
      await eventually('an open watch', () => room.proxy.openWatches.length === 1);
      await room.proxy.setFaults({
        errorRate: 1,
        errorStatuses: [{ status, reason }],
        errorsMatching: /watch=/,
      });
      room.proxy.cutWatches();
      await set('a', reason);
      await new Promise((resolve) => void setTimeout(resolve, 400));
      await room.proxy.setFaults({});
      await eventually(`the change during ${reason}`, () => value('a') === reason);
    }
    expect(incidents.filter((incident) => incident === 'listed')).toHaveLength(1);
  });

  it('gives up a connection that says nothing any more', async () => {
    await make('a');
    const { reflector, incidents, value } = follow({ silenceMs: 1000 });
    await reflector.synced(room.signal);
    await eventually('an open watch', () => room.proxy.openWatches.length === 1);
    await room.proxy.setFaults({ silent: 'watches' });
    await set('a', '2');
    await eventually('silence noticed', () => incidents.includes('silent'));
    await room.proxy.setFaults({});
    await eventually('the change that was held back', () => value('a') === '2');
    expect(incidents.filter((incident) => incident === 'listed')).toHaveLength(1);
  });

  it('gives up a connection that holds back an own write for ten seconds, long before silence is noticed', async () => {
    await make('a');
    const { reflector, incidents, value } = follow();
    await reflector.synced(room.signal);
    await eventually('an open watch', () => room.proxy.openWatches.length === 1);
    await room.proxy.setFaults({ silent: 'watches' });
    await make('foreign');
    reflector.store.observe(await set('a', '2'));
    await eventually('the stream was given up', () => incidents.includes('silent'), 15_000);
    await room.proxy.setFaults({});
    await eventually('what others did meanwhile', () => value('foreign') === '1');
  });

  it('outlives an API server that is away, comes back and has forgotten its watches', async () => {
    await make('a');
    await make('b');
    const { reflector, changes, value } = follow();
    await reflector.synced(room.signal);
    await eventually('an open watch', () => room.proxy.openWatches.length === 1);
    await plane.stopApiServer();
    await new Promise((resolve) => void setTimeout(resolve, 3000));
    expect(reflector.store.list()).toHaveLength(2);
    await plane.startApiServer();
    await remove('a');
    await set('b', '2');
    const took = await eventually(
      'the deletion and the change',
      () => value('b') === '2' && value('a') === undefined,
    );
    expect(told(changes)).toContain('deleted a');
    expect(took).toBeLessThan(8000);
  });

  it('outlives an API server that hangs without closing its connections', async () => {
    await make('a');
    const { reflector, value } = follow({ silenceMs: 3000 });
    await reflector.synced(room.signal);
    plane.pauseApiServer();
    await new Promise((resolve) => void setTimeout(resolve, 5000));
    plane.resumeApiServer();
    await set('a', '2');
    await eventually('the change afterwards', () => value('a') === '2', 20_000);
  });
});
