import { setTimeout as sleep } from 'node:timers/promises';
import { FAULTS, type Fault } from '#test/faulty/index.ts';
import type { Figure, Measurement } from '../figure.ts';
import type { Ground } from '../foundation/ground.ts';
import { TrafficObserver } from './applied.ts';
import { whileServed, type Served } from './served.ts';

/** How soon a revision is gone, asked for by a person or by its failing checks. */
export function undo(ground: Ground): readonly Figure[] {
  return [
    {
      name: 'undo to the warm revision, until the last answer of the other one at kept-alive clients, 1000/s',
      goal: { atMost: 2, unit: 's' },
      measure: () => whileServed(ground, { name: 'undo-warm', replicas: 2 }, byHand),
    },
    ...FAULTS.map((fault) => ({
      name: `a candidate at 5 % of 200/s with the fault ${fault}, until it is undone`,
      goal: { atMost: 60, unit: 's' },
      measure: () =>
        whileServed(ground, { name: `undo-${fault.toLowerCase()}`, replicas: 2 }, (served) =>
          byItself(served, fault),
        ),
    })),
  ];
}

async function byHand(served: Served): Promise<Measurement> {
  await served.apply({ version: 2 });
  const { status } = await served.promoted(2);
  const undone = status?.stableRevision ?? '';
  const load = await served.load(1000);
  await sleep(8000);
  const asked = Date.now();
  await served.deployment.undo({ reason: 'a figure' });
  await served.until('back at version 1', (found) => found.status?.modelVersion === '1');
  await sleep(5000);
  const recording = await load.stop();
  const last = recording.lastAnswerOf(undone);
  if (last === undefined) throw new Error(`${undone} never answered`);
  const failed = [...recording.failures().values()].reduce((sum, count) => sum + count, 0);
  if (failed > 0)
    throw new Error(`${failed} requests failed: ${[...recording.failures().keys()].join('; ')}`);
  return { value: (last - asked) / 1000, detail: { sent: recording.sent, ...recording.latency() } };
}

/** From the candidate's first share until the status says that it is undone. */
async function byItself(served: Served, fault: Fault): Promise<Measurement> {
  const load = await served.load(200);
  const observer = new TrafficObserver(served);
  try {
    await served.apply({ version: 2, fault, rollout: { steps: [{ weight: 5, hold: '5m' }] } });
    const found = await served.undone();
    const undoneAt = Date.now();
    const [first, ...later] = await sharesSeen(observer);
    const end = later.find(({ weight }) => weight === 0);
    if (first === undefined || end === undefined) throw new Error('the candidate never had a share');
    const recording = await load.stop();
    const failed = Object.fromEntries(recording.failures());
    const message = found.status?.conditions?.find(({ type }) => type === 'Stalled')?.message;
    const untilNoShare = (end.at - first.at) / 1000;
    return {
      value: (undoneAt - first.at) / 1000,
      detail: { untilNoShare, failed, sent: recording.sent, message },
    };
  } finally {
    await load.stop().catch(() => undefined);
  }
}

/** The writes of the traffic file from the first share on. */
async function sharesSeen(
  observer: TrafficObserver,
): Promise<readonly { readonly at: number; readonly weight: number }[]> {
  await sleep(1000);
  const { inConfigMap } = await observer.stop();
  const all = [...inConfigMap.values()];
  return all.slice(all.findIndex(({ weight }) => weight > 0));
}
