import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigMap } from './core-types.ts';
import { isNewer, versionOf } from './resource-version.ts';
import { ObjectStore } from './store.ts';

function object(name: string, version: number, uid = 'u1', value = String(version)): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'ns', name, uid, resourceVersion: String(version) },
    data: { value },
  };
}

const ref = (name: string): { namespace: string; name: string } => ({ namespace: 'ns', name });

describe('isNewer', () => {
  it('compares as numbers of any length', () => {
    expect([isNewer('10', '9'), isNewer('9', '10'), isNewer('10', '10'), isNewer('1', '')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(isNewer('90071992547409931', '90071992547409930')).toBe(true);
  });
});

describe('ObjectStore', () => {
  it('is not synced before its first complete list, even when an own write is in it', () => {
    const store = new ObjectStore<ConfigMap>();
    store.observe(object('a', 5));
    expect([store.hasSynced, store.get(ref('a'))?.data]).toEqual([false, { value: '5' }]);
    store.replace([], '4');
    expect([store.hasSynced, store.get(ref('a'))?.data]).toEqual([true, { value: '5' }]);
  });

  it('does not bring back an object that the watch deleted after the own write whose answer comes late', () => {
    const store = new ObjectStore<ConfigMap>();
    store.replace([object('a', 1)], '1');
    store.apply('MODIFIED', object('a', 2));
    store.apply('DELETED', object('a', 3));
    store.observe(object('a', 2));
    expect(store.get(ref('a'))).toBeUndefined();
  });

  it('keeps an object made anew when the deletion of the old one is told late', () => {
    const store = new ObjectStore<ConfigMap>();
    store.replace([object('a', 1, 'old')], '1');
    store.observe(object('a', 5, 'new'));
    expect(store.apply('DELETED', object('a', 4, 'old'))).toBeUndefined();
    expect(store.get(ref('a'))?.metadata.uid).toBe('new');
  });

  it('drops on forget only the object with that UID', () => {
    const store = new ObjectStore<ConfigMap>();
    store.replace([object('a', 1, 'mine')], '1');
    store.forget(ref('a'), 'other');
    expect(store.get(ref('a'))).toBeDefined();
    store.forget(ref('a'), 'mine');
    expect(store.get(ref('a'))).toBeUndefined();
  });

  it('knows for how long the watch has failed to show an own write', async () => {
    const store = new ObjectStore<ConfigMap>();
    store.replace([], '1');
    expect(store.behindMs()).toBe(0);
    store.observe(object('a', 3));
    await new Promise((resolve) => void setTimeout(resolve, 5));
    store.observe(object('a', 4));
    expect(store.behindMs()).toBeGreaterThan(3);
    store.bookmark('3');
    expect(store.behindMs()).toBeGreaterThan(3);
    store.bookmark('4');
    expect(store.behindMs()).toBe(0);
  });

  it('takes a list that is older than what it knows as the truth: etcd was restored', () => {
    const store = new ObjectStore<ConfigMap>();
    store.replace([object('a', 90), object('b', 95)], '100');
    store.observe(object('c', 101));
    const changes = store.replace([object('a', 40), object('d', 45)], '50');
    expect(store.list().map((each) => `${each.metadata.name}${versionOf(each)}`)).toEqual(['a40', 'd45']);
    expect(new Set(changes.map((change) => `${change.type} ${change.object.metadata.name}`))).toEqual(
      new Set(['added a', 'added d', 'deleted b', 'deleted c']),
    );
    expect(store.progress).toBe('50');
  });

  it('refuses an index that it does not have', () => {
    expect(() => new ObjectStore<ConfigMap>().byIndex('colour', 'red')).toThrow(/no index "colour"/);
  });
});

/** What the API server holds, and every event since the beginning. */
class Server {
  version = 10;
  readonly objects = new Map<string, ConfigMap>();
  readonly events: { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ConfigMap }[] = [];

  write(name: string): ConfigMap {
    this.version += 1;
    const known = this.objects.get(name);
    const next = object(name, this.version, known?.metadata.uid ?? `uid-${String(this.version)}`);
    this.objects.set(name, next);
    this.events.push({ type: known === undefined ? 'ADDED' : 'MODIFIED', object: next });
    return next;
  }

  delete(name: string): void {
    const known = this.objects.get(name);
    if (known === undefined) return;
    this.version += 1;
    this.objects.delete(name);
    this.events.push({ type: 'DELETED', object: object(name, this.version, known.metadata.uid) });
  }
}

const name = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('foreignWrite' as const), name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ownWrite' as const), name, late: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name, own: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lateAnswer' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('relist' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bookmark' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;

/** A store beside a server, with a watch that lags and answers to own writes that come late. */
function play(steps: readonly Step[]): void {
  const server = new Server();
  const store = new ObjectStore<ConfigMap>({ indexers: { value: (each) => [each.data?.['value'] ?? ''] } });
  const told = new Map<string, string>();
  const answers: ConfigMap[] = [];
  let delivered = 0;
  const deliver = (count: number): void => {
    for (const { type, object: next } of server.events.slice(delivered, delivered + count)) {
      const change = store.apply(type, next);
      if (change !== undefined) note(change);
    }
    delivered = Math.min(server.events.length, delivered + count);
  };
  const note = (change: { type: string; object: ConfigMap }): void => {
    const key = change.object.metadata.name;
    if (change.type === 'deleted') told.delete(key);
    else {
      expect(isNewer(versionOf(change.object), told.get(key) ?? ''), 'a change told backwards').toBe(true);
      told.set(key, versionOf(change.object));
    }
  };
  const relist = (): void => {
    for (const change of store.replace([...server.objects.values()], String(server.version))) note(change);
    delivered = server.events.length;
  };
  relist();
  for (const each of steps) {
    const before = new Map(store.list().map((known) => [known.metadata.uid, versionOf(known)]));
    if (each.do === 'foreignWrite') server.write(each.name);
    else if (each.do === 'ownWrite') {
      const written = server.write(each.name);
      if (each.late) answers.push(written);
      else {
        store.observe(written);
        expect(versionOf(store.get(ref(each.name)) ?? written)).toBe(versionOf(written));
      }
    } else if (each.do === 'delete') {
      const uid = server.objects.get(each.name)?.metadata.uid;
      server.delete(each.name);
      if (each.own && uid !== undefined) store.forget(ref(each.name), uid);
    } else if (each.do === 'deliver') deliver(each.count);
    else if (each.do === 'lateAnswer') {
      const answer = answers.shift();
      if (answer !== undefined) store.observe(answer);
    } else if (each.do === 'bookmark')
      store.bookmark(String(delivered === server.events.length ? server.version : 0));
    else relist();
    for (const known of store.list()) {
      const earlier = before.get(known.metadata.uid);
      if (earlier !== undefined) expect(isNewer(earlier, versionOf(known)), 'an object set back').toBe(false);
      expect(store.byIndex('value', known.data?.['value'] ?? '')).toContain(known);
    }
  }
  for (const answer of answers) store.observe(answer);
  deliver(server.events.length);
  const held = store.list().map((each) => [each.metadata.name, versionOf(each)]);
  expect(new Map(held as [string, string][])).toEqual(
    new Map([...server.objects].map(([key, each]) => [key, versionOf(each)])),
  );
  expect(store.behindMs()).toBe(0);
}

it('ends like the server, never sets an object back, and never resurrects one, whatever comes late or twice', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), play), { numRuns: 1000 });
});
