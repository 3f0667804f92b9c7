import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiEventRecorder, EVENT } from '#operator/kube/index.ts';
import type { Event, EventRecord, KubeObject } from '#operator/kube/index.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { configMap, openRoom, quiet, type Room } from './kube-room.ts';

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

interface Recording {
  readonly record: (regarding: KubeObject, event: EventRecord) => void;
  readonly dropped: () => number;
  readonly stop: () => Promise<void>;
}

function start(): Recording {
  let dropped = 0;
  const recorder = new ApiEventRecorder({
    kube: room.kube,
    reportingController: 'windlass.dev/operator',
    reportingInstance: 'test',
    log: quiet,
    onDropped: () => void (dropped += 1),
    repeatEveryMs: 100,
  });
  const stopping = new AbortController();
  const running = recorder.run(stopping.signal);
  return {
    record: (regarding, event) => recorder.record(regarding, event),
    dropped: () => dropped,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

const about = (name: string): KubeObject => ({
  ...configMap('default', name, '1'),
  metadata: { namespace: 'default', name, uid: `uid-${name}`, resourceVersion: '7' },
});
const happened = (message: string): EventRecord => ({ type: 'Warning', reason: 'Tested', message });

async function eventsOf(name: string): Promise<readonly Event[]> {
  const all = await room.direct.list(EVENT, { namespace: 'default' }, room);
  return all.filter((event) => event.regarding.name === name);
}

async function untilEvents(
  name: string,
  condition: (events: readonly Event[]) => boolean,
): Promise<readonly Event[]> {
  const end = performance.now() + 15_000;
  for (;;) {
    const events = await eventsOf(name);
    if (condition(events)) return events;
    if (performance.now() > end) throw new Error(`not reached: ${JSON.stringify(events)}`);
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}

describe('events on a real API server', () => {
  it('says what happened to which object, as kubectl describe shows it', async () => {
    const recording = start();
    recording.record(about('a'), {
      type: 'Normal',
      reason: 'Promoted',
      message: 'Revision a-1 is stable now.',
    });
    const [event] = await untilEvents('a', (events) => events.length === 1);
    expect(event).toMatchObject({
      type: 'Normal',
      reason: 'Promoted',
      note: 'Revision a-1 is stable now.',
      action: 'Reconcile',
      reportingController: 'windlass.dev/operator',
      reportingInstance: 'test',
      regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a', uid: 'uid-a' },
    });
    await recording.stop();
  });

  it('counts the same event up in one object instead of writing another', async () => {
    const recording = start();
    for (let times = 0; times < 20; times += 1) recording.record(about('b'), happened('again'));
    recording.record(about('b'), happened('something else'));
    await untilEvents('b', (events) => events.length === 2);
    for (let times = 0; times < 5; times += 1) recording.record(about('b'), happened('again'));
    const events = await untilEvents('b', (found) => found.some((event) => event.series?.count === 25));
    expect(events).toHaveLength(2);
    await recording.stop();
  });

  it('shortens a message that is longer than the API server takes, between two characters', async () => {
    const recording = start();
    recording.record(about('c'), happened('ü'.repeat(2000)));
    const [event] = await untilEvents('c', (events) => events.length === 1);
    expect(event?.note).toMatch(/^ü{500,510}…$/);
    await recording.stop();
  });

  it('lets no object flood its namespace', async () => {
    const recording = start();
    for (let times = 0; times < 100; times += 1)
      recording.record(about('d'), happened(`number ${String(times)}`));
    expect(recording.dropped()).toBe(75);
    await untilEvents('d', (events) => events.length === 25);
    await recording.stop();
  });

  it('returns at once while the API server is away, and writes when it is back', async () => {
    const recording = start();
    await room.proxy.setFaults({ away: true });
    const started = performance.now();
    recording.record(about('e'), happened('during an outage'));
    expect(performance.now() - started).toBeLessThan(50);
    await new Promise((resolve) => void setTimeout(resolve, 300));
    await room.proxy.setFaults({});
    await untilEvents('e', (events) => events.length === 1);
    await recording.stop();
  });

  it('gives an event up that the API server does not take, and goes on with the next', async () => {
    const recording = start();
    recording.record(
      { ...about('f'), metadata: { ...about('f').metadata, namespace: 'no-such-namespace' } },
      happened('lost'),
    );
    recording.record(about('f'), happened('kept'));
    const events = await untilEvents('f', (found) => found.length === 1);
    expect([events[0]?.note, recording.dropped()]).toEqual(['kept', 1]);
    await recording.stop();
  });

  it('writes what is waiting when it is stopped', async () => {
    const recording = start();
    for (let times = 0; times < 10; times += 1)
      recording.record(about('g'), happened(`last ${String(times)}`));
    await recording.stop();
    expect(await eventsOf('g')).toHaveLength(10);
  });
});
