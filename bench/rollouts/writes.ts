import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure, Measurement } from '../figure.ts';
import { endOf, writesOf, type AuditEvent } from '../foundation/audit.ts';
import type { Ground } from '../foundation/ground.ts';
import { putVersion } from '../foundation/traffic.ts';
import { whileServed, type Served } from './served.ts';

const AT_REST = 10;
const WATCHED_MS = 3 * 60_000;
const SETTLED_AFTER_MS = 20_000;

/** What the operator writes while nothing changes, and while a rollout is held with callers. */
export function writes(ground: Ground): readonly Figure[] {
  let measured: Promise<Measured> | undefined;
  const once = (): Promise<Measured> =>
    (measured ??= whileServed(ground, { name: 'writes', replicas: 1 }, measure));
  const minutes = WATCHED_MS / 60_000;
  return [
    {
      name: `writes a minute over ${minutes} min, ${AT_REST} ModelDeployments at rest`,
      goal: { atMost: 0, unit: '' },
      measure: async () => (await once()).rest,
    },
    {
      name: `writes a minute beside the status over ${minutes} min, held at a step with 100/s`,
      goal: { atMost: 0, unit: '' },
      measure: async () => (await once()).hold,
    },
    {
      name: 'status writes to one object in 5 s, at rest and at a hold, the most',
      goal: { atMost: 1, unit: '' },
      measure: async () => (await once()).status,
    },
  ];
}

interface Measured {
  readonly rest: Measurement;
  readonly hold: Measurement;
  readonly status: Measurement;
}

async function measure(served: Served): Promise<Measured> {
  const { auditLog } = served.bed.connection;
  if (auditLog === undefined) throw new Error('this cluster has no audit log that we can read');
  const { namespace } = served;
  const serving = { resources: { requests: { cpu: '1m', memory: '64Mi' } } };
  const uri = await putVersion(namespace, 1);
  const others = Array.from({ length: AT_REST }, (_, index) => namespace.deployment(`rest-${index}`));
  for (const each of others) await each.apply({ model: { uri }, serving });
  for (const each of others) await each.ready(300_000);
  const load = await served.load(100);
  try {
    await served.apply({ version: 2, rollout: { steps: [{ weight: 25 }] } });
    await served.atStep(1);
    await sleep(SETTLED_AFTER_MS);
    const from = await endOf(auditLog);
    await sleep(WATCHED_MS);
    const mine = ({ objectRef }: AuditEvent): boolean => objectRef?.namespace === namespace.name;
    const all = await writesOf(auditLog, from, mine);
    const held = all.filter(isOfHeld);
    const rest = all.filter((event) => !isOfHeld(event));
    const beside = held.filter(({ objectRef }) => objectRef?.subresource !== 'status');
    const most = mostStatusWrites(all);
    return {
      rest: { value: perMinute(rest.length), detail: { writes: rest.map(textOf) } },
      hold: {
        value: perMinute(beside.length),
        detail: { writes: beside.map(textOf), statusWrites: held.length - beside.length },
      },
      status: {
        value: most.count,
        detail: { object: most.object, statusWritesOfTheHeld: held.length - beside.length },
      },
    };
  } finally {
    await load.stop().catch(() => undefined);
  }
}

/** Children of the held one have its name at the beginning. */
function isOfHeld({ objectRef }: AuditEvent): boolean {
  return objectRef?.name?.startsWith('served') === true;
}

const perMinute = (count: number): number => count / (WATCHED_MS / 60_000);

function textOf({ verb, objectRef }: AuditEvent): string {
  return `${verb} ${objectRef?.resource}/${objectRef?.name} ${objectRef?.subresource ?? ''}`.trim();
}

/** Within five seconds less what a second's timer may be early. */
const APART_MS = 4_950;

function mostStatusWrites(events: readonly AuditEvent[]): {
  readonly count: number;
  readonly object: string;
} {
  const times = new Map<string, number[]>();
  for (const event of events) {
    if (event.objectRef?.subresource !== 'status') continue;
    const object = `${event.objectRef.resource}/${event.objectRef.name}`;
    const known = times.get(object) ?? [];
    times.set(object, [...known, Date.parse(event.stageTimestamp ?? '')]);
  }
  let most = { count: 0, object: 'none' };
  for (const [object, at] of times) {
    const sorted = at.toSorted((a, b) => a - b);
    for (const [index, time] of sorted.entries()) {
      const count = sorted.slice(index).filter((each) => each - time < APART_MS).length;
      if (count > most.count) most = { count, object };
    }
  }
  return most;
}
