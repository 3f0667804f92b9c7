import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure, Measurement } from '../figure.ts';
import type { Ground } from '../foundation/ground.ts';
import { whileServed, type Served } from './served.ts';
import { falseAlarms, SIMULATED } from './simulation.ts';

const REAL = 5;
const RATE = 200;

/** A good revision is never undone. */
export function alarms(ground: Ground): readonly Figure[] {
  return [
    {
      name: `false alarms in ${SIMULATED} rollouts simulated on recorded readings, with the default checks`,
      goal: { atMost: 0, unit: '' },
      measure: falseAlarms,
    },
    {
      name: `false alarms in ${REAL} real rollouts at ${RATE}/s, with the default checks`,
      goal: { atMost: 0, unit: '' },
      measure: () => whileServed(ground, { name: 'alarms', replicas: 2 }, realRollouts),
    },
  ];
}

/** One after another, each with a whole window at the first step. */
async function realRollouts(served: Served): Promise<Measurement> {
  const load = await served.load(RATE);
  const ends: string[] = [];
  try {
    await sleep(5000);
    for (let version = 2; version < 2 + REAL; version += 1) {
      const steps = [
        { weight: 5, hold: '70s' },
        { weight: 25, hold: '20s' },
        { weight: 50, hold: '20s' },
      ];
      await served.apply({ version, rollout: { steps } });
      const end = await served.until(
        `at the end of rollout ${version}`,
        ({ status }, reason) =>
          reason('Stalled').startsWith('True') ||
          (status?.modelVersion === String(version) && status.rollout === undefined),
        400_000,
      );
      if (end.status?.modelVersion === String(version)) continue;
      ends.push(end.status?.conditions?.find(({ type }) => type === 'Stalled')?.message ?? 'stalled');
    }
  } finally {
    const recording = await load.stop();
    const failed = [...recording.failures().values()].reduce((sum, count) => sum + count, 0);
    if (failed > 0) ends.push(`${failed} failed requests`);
  }
  return { value: ends.length, detail: { ends } };
}
