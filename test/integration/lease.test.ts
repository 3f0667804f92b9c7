import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEASE, LeaderElector, LeadershipLostError } from '#operator/kube/index.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';
import { eventually, openRoom, quiet, type Room } from './kube-room.ts';

let plane: ControlPlane;
let room: Room;
let leases = 0;

beforeAll(async () => {
  plane = await startControlPlane();
  room = await openRoom(plane);
});
afterAll(async () => {
  await room?.close();
  await plane?.stop();
});

interface Replica {
  readonly elector: LeaderElector;
  /** Moments of the shared monotonic clock between which it acted. */
  readonly acted: { readonly from: number; to: number | undefined }[];
  readonly reasons: unknown[];
  readonly leads: () => boolean;
  readonly stop: () => Promise<void>;
}

const TIMES = { leaseDurationMs: 3000, renewDeadlineMs: 2000, retryMs: 300 };

/** A replica that competes until it is stopped; through the proxy, or straight. */
function compete(lease: string, identity: string, way: 'direct' | 'kube' = 'direct'): Replica {
  const acted: { from: number; to: number | undefined }[] = [];
  const reasons: unknown[] = [];
  const stopping = new AbortController();
  const elector = new LeaderElector({
    kube: room[way],
    lease: { namespace: 'default', name: lease },
    identity,
    log: quiet,
    ...TIMES,
  });
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await elector.lead(stopping.signal, async (leading) => {
        const span: { from: number; to: number | undefined } = { from: performance.now(), to: undefined };
        acted.push(span);
        await new Promise<void>((resolve) =>
          leading.addEventListener('abort', () => resolve(), { once: true }),
        );
        span.to = performance.now();
        reasons.push(leading.reason);
      });
    }
  })();
  return {
    elector,
    acted,
    reasons,
    leads: () => acted.length > 0 && acted.at(-1)?.to === undefined,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

const newLease = (): string => {
  leases += 1;
  return `election-${String(leases)}`;
};

/** A Lease as somebody held it long ago. */
async function leave(name: string, holderIdentity: string, leaseDurationSeconds: number): Promise<void> {
  const spec = { holderIdentity, leaseDurationSeconds, renewTime: '2001-01-01T00:00:00.000000Z' };
  const metadata = { namespace: 'default', name };
  await room.direct.create(
    LEASE,
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec },
    room,
  );
}

describe('leader election on a real API server', () => {
  it('lets one of two replicas act, and the other at once when the first leaves cleanly', async () => {
    const lease = newLease();
    const first = compete(lease, 'first');
    await eventually('the first leads', () => first.leads());
    const second = compete(lease, 'second');
    await new Promise((resolve) => void setTimeout(resolve, 1500));
    expect(second.leads()).toBe(false);
    await first.stop();
    expect(await eventually('the second leads', () => second.leads())).toBeLessThan(TIMES.retryMs * 2);
    expect(first.acted[0]?.to).toBeLessThan(second.acted[0]?.from ?? 0);
    await second.stop();
  });

  it('waits a whole lease duration, by its own clock, when the holder vanished without a word', async () => {
    const lease = newLease();
    await leave(lease, 'gone', 3);
    const replica = compete(lease, 'next');
    const took = await eventually('the next leads', () => replica.leads());
    // A renewTime long past proves nothing about a holder whose clock may be wrong.
    expect(took).toBeGreaterThan(3000);
    expect(took).toBeLessThan(3000 + TIMES.retryMs * 3);
    await replica.stop();
  });

  it('is taken over at once by a replica that finds its own name in it, as a restarted container does', async () => {
    const lease = newLease();
    await leave(lease, 'pod-1', 15);
    const replica = compete(lease, 'pod-1');
    expect(await eventually('it leads again', () => replica.leads())).toBeLessThan(1000);
    await replica.stop();
  });

  it.each(['away', 'silent'] as const)(
    'stops the leader before another starts when its way to the API server is %s, and refuses its writes',
    async (fault) => {
      const lease = newLease();
      const first = compete(lease, 'cut off', 'kube');
      await eventually('the first leads', () => first.leads());
      expect(() => first.elector.fence()).not.toThrow();
      const second = compete(lease, 'other');
      await room.proxy.setFaults(fault === 'away' ? { away: true } : { silent: 'everything' });
      await eventually('the second leads', () => second.leads());
      expect(first.leads()).toBe(false);
      expect(first.acted[0]?.to).toBeLessThan(second.acted[0]?.from ?? 0);
      expect(first.reasons[0]).toBeInstanceOf(LeadershipLostError);
      expect(() => first.elector.fence()).toThrow(/does not lead/);
      await room.proxy.setFaults({});
      await second.stop();
      await eventually('the first leads again', () => first.leads());
      await first.stop();
    },
  );

  it('keeps leading while every third answer is an error', async () => {
    const replica = compete(newLease(), 'steady', 'kube');
    await eventually('it leads', () => replica.leads());
    await room.proxy.setFaults({ errorRate: 0.33 });
    await new Promise((resolve) => void setTimeout(resolve, 5000));
    expect([replica.leads(), replica.acted.length]).toEqual([true, 1]);
    await room.proxy.setFaults({});
    await replica.stop();
  });

  it('notices at its next renewal that somebody else wrote his name into the Lease', async () => {
    const lease = newLease();
    const replica = compete(lease, 'robbed');
    await eventually('it leads', () => replica.leads());
    await room.direct.patch(
      LEASE,
      { namespace: 'default', name: lease },
      { spec: { holderIdentity: 'robber', leaseDurationSeconds: 3 } },
      room,
    );
    expect(await eventually('it stops', () => !replica.leads())).toBeLessThan(TIMES.retryMs * 3);
    await replica.stop();
  });

  it('never lets two of three replicas act at a time, however badly one fares', async () => {
    const lease = newLease();
    const replicas = [compete(lease, 'a', 'kube'), compete(lease, 'b'), compete(lease, 'c', 'kube')];
    for (let round = 0; round < 6; round += 1) {
      await eventually('somebody leads', () => replicas.some((replica) => replica.leads()));
      const away = round % 2 === 0;
      await room.proxy.setFaults(away ? { away: true } : { errorRate: 0.4 });
      await new Promise((resolve) => void setTimeout(resolve, 1500 + 700 * round));
    }
    await room.proxy.setFaults({});
    await Promise.all(replicas.map(async (replica) => replica.stop()));
    const spans = replicas.flatMap(({ acted }) => acted).toSorted((a, b) => a.from - b.from);
    for (const [index, span] of spans.entries()) {
      const next = spans[index + 1];
      if (next !== undefined) expect(span.to).toBeLessThanOrEqual(next.from);
    }
    expect(spans.length).toBeGreaterThan(0);
  });
});
