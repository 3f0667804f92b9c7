import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONFIG_MAP, Reflector } from '#operator/kube/index.ts';
import type { ConfigMap } from '#operator/kube/index.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import type { Faults } from '#test/support/fault-proxy.ts';
import { configMap, eventually, openRoom, quiet, type Room } from './kube-room.ts';

let plane: ControlPlane;
let room: Room;

beforeAll(async () => {
  plane = await startControlPlane();
  room = await openRoom(plane);
});
afterAll(async () => {
  await room?.close();
  await plane?.stop();
});

const faults: readonly Faults[] = [
  { cutWatchesEveryMs: 30 },
  { errorRate: 0.3 },
  { away: true },
  { silent: 'watches' },
  { silent: 'everything' },
  { delayMs: 100, cutWatchesEveryMs: 250 },
];

const NAMES = Array.from({ length: 12 }, (_, index) => `chaos-${String(index)}`);

/** One change that somebody makes, half of the time somebody who observes his own writes. */
async function change(turn: number, observe: (object: ConfigMap) => void): Promise<void> {
  const name = NAMES[Math.floor(Math.random() * NAMES.length)] ?? '';
  const value = String(turn);
  const ref = { namespace: 'default', name };
  const mine = Math.random() < 0.5 ? observe : () => undefined;
  try {
    if (Math.random() < 0.2) await room.direct.delete(CONFIG_MAP, ref, { ...room, uid: undefined });
    else mine(await room.direct.patch(CONFIG_MAP, ref, { data: { value } }, room));
  } catch {
    mine(await room.direct.create(CONFIG_MAP, configMap('default', name, value), room));
  }
}

const picture = (objects: readonly ConfigMap[]): readonly string[] =>
  objects
    .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
    .toSorted();

it('ends like the API server and never tells a version twice or backwards, whatever happens on the way', async () => {
  const reflector = new Reflector({
    transport: room.transport,
    type: CONFIG_MAP,
    namespaces: ['default'],
    labelSelector: 'windlass.dev/test',
    log: quiet,
    silenceMs: 2000,
  });
  const told = new Map<string, number>();
  const backwards: string[] = [];
  reflector.onChange(({ type, object }) => {
    const { uid = '', name, resourceVersion } = object.metadata;
    const version = Number(resourceVersion);
    if (type !== 'deleted' && version <= (told.get(uid) ?? 0))
      backwards.push(`${type} ${name} ${String(version)}`);
    if (type !== 'deleted') told.set(uid, version);
  });
  void reflector.run(room.signal);
  await reflector.synced(room.signal);
  let turn = 0;
  for (const fault of [...faults, ...faults]) {
    await room.proxy.setFaults(fault);
    for (const end = performance.now() + 1200; performance.now() < end; turn += 1) {
      await change(turn, (object) => reflector.store.observe(object));
    }
  }
  await room.proxy.setFaults({});
  const truth = picture(
    await room.direct.list(CONFIG_MAP, { namespace: 'default', labelSelector: 'windlass.dev/test' }, room),
  );
  const same = (): boolean => picture(reflector.store.list()).join() === truth.join();
  // A call that began in the silence may use up its deadline of 15 s before the next one is made.
  await eventually('the store like the server', same, 25_000);
  expect(backwards).toEqual([]);
  expect(turn).toBeGreaterThan(200);
});
