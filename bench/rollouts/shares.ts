import { setTimeout as sleep } from 'node:timers/promises';
import { ANNOTATION } from '#contract/names.ts';
import { MODEL_REVISION } from '#operator/kube/index.ts';
import type { Figure, Measurement } from '../figure.ts';
import { endOf } from '../foundation/audit.ts';
import type { Ground } from '../foundation/ground.ts';
import { secondsUntilApplied, TrafficObserver } from './applied.ts';
import { whileServed, type Served } from './served.ts';

const RATE = 1000;
const WEIGHTS = [5, 25, 50, 75];
const ANSWERS = 10_000;

/** How exactly and how soon a share is given. */
export function shares(ground: Ground): readonly Figure[] {
  let measured: Promise<Shares> | undefined;
  const once = (): Promise<Shares> =>
    (measured ??= whileServed(ground, { name: 'shares', replicas: 3 }, measure));
  return [
    {
      name: `share of a candidate over ${ANSWERS} answers at ${WEIGHTS.join(', ')} %, greatest difference`,
      goal: { atMost: 1, unit: 'percentage points' },
      measure: async () => (await once()).difference,
    },
    {
      name: 'from the write of the traffic ConfigMap until every pod has applied its share, the longest',
      goal: { atMost: 1, unit: 's' },
      measure: async () => (await once()).applied,
    },
  ];
}

interface Shares {
  readonly difference: Measurement;
  readonly applied: Measurement;
}

/** Answers of one share: all that were sent after the last pod had applied it. */
interface Window {
  readonly weight: number;
  readonly from: number;
  readonly to: number;
}

async function measure(served: Served): Promise<Shares> {
  const { auditLog } = served.bed.connection;
  if (auditLog === undefined) throw new Error('this cluster has no audit log that we can read');
  const from = await endOf(auditLog);
  const observer = new TrafficObserver(served);
  const steps = WEIGHTS.map((weight) => ({ weight }));
  await served.apply({ version: 2, rollout: { steps, checks: [] } });
  const load = await served.load(RATE);
  const windows: Window[] = [];
  for (const [index, weight] of WEIGHTS.entries()) {
    const applied = await observer.applied(weight, 120_000);
    await sleep((ANSWERS / RATE) * 1000 + 1000);
    windows.push({ weight, from: applied, to: Date.now() - 500 });
    if (index + 1 < WEIGHTS.length) await promote(served, index + 1);
  }
  const recording = await load.stop();
  const seen = await observer.stop();
  const candidate = (await served.get()).status?.candidateRevision ?? '';
  const differences = windows.map(({ weight, ...span }) => {
    const counts = recording.revisions(span);
    const answers = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const share = ((counts.get(candidate) ?? 0) / answers) * 100;
    return { weight, share: Math.round(share * 1000) / 1000, answers };
  });
  const delays = await secondsUntilApplied(seen, { auditLog, from, namespace: served.namespace.name });
  const few = differences.find(({ answers }) => answers < ANSWERS);
  if (few !== undefined) throw new Error(`only ${few.answers} answers at ${few.weight} %`);
  if (delays.length < WEIGHTS.length)
    throw new Error(`${delays.length} of ${WEIGHTS.length} writes were seen`);
  return {
    difference: {
      value: Math.max(...differences.map(({ weight, share }) => Math.abs(share - weight))),
      detail: { differences, failed: Object.fromEntries(recording.failures()) },
    },
    applied: { value: Math.max(...delays.map(({ seconds }) => seconds)), detail: { delays } },
  };
}

async function promote(served: Served, step: number): Promise<void> {
  const { namespace, kube } = served;
  const name = (await served.get()).status?.candidateRevision ?? '';
  const options = { signal: AbortSignal.timeout(10_000) };
  const { status } = await kube.get(MODEL_REVISION, { namespace: namespace.name, name }, options);
  const value = `${ANNOTATION.promote}=${status?.revision}/${step}`;
  await namespace.kubectl('annotate', '--overwrite', 'modeldeployment', 'served', value);
}
