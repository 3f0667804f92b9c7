import { setTimeout as sleep } from 'node:timers/promises';
import { POD_REPORT_PATH, podReportSchema, type ReportedSide } from '#contract/pod-report.ts';
import type { Traffic } from '#contract/traffic.ts';
import { endSpawned, Folder, spawnServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { startLoad } from './load/index.ts';

export const RECORDED_WEIGHTS = [5, 25, 50] as const;
export type RecordedWeight = (typeof RECORDED_WEIGHTS)[number];
const RATE = 200;
const RECORDED_MS = 30_000;
const EVERY_MS = 1000;
export const STABLE = 'linear-aaaaaaaaaa';
export const CANDIDATE = 'linear-bbbbbbbbbb';

/** What a stable pod counted within about a second. */
export interface Slice {
  readonly stable: ReportedSide;
  readonly forwarded: ReportedSide;
}

export type Recorded = ReadonlyMap<RecordedWeight, readonly Slice[]>;

/** Two runtimes, a good candidate beside a stable one, under load: what the stable one reports, second by second. */
export async function record(): Promise<Recorded> {
  const folder = await Folder.create();
  try {
    const write = (weight: number, generation: number, url: string): Promise<string> =>
      folder.write('traffic/traffic.json', JSON.stringify(trafficOf(weight, generation, url)));
    const trafficFile = await write(0, 1, 'http://127.0.0.1:9');
    const place = async (name: string, weight: number): Promise<string> => {
      const files = linearBundle({ version: String(weight), weight });
      for (const [file, bytes] of files) await folder.write(`${name}/${file}`, bytes);
      return `${folder.path}/${name}`;
    };
    const shared = { name: 'linear', trafficFile, logLevel: 'info' as const };
    const candidate = await spawnServer({ ...shared, model: await place('b', 2), revision: CANDIDATE });
    await write(0, 2, candidate.url);
    const stable = await spawnServer({ ...shared, model: await place('a', 1), revision: STABLE });
    const load = startLoad({
      host: '127.0.0.1',
      port: Number(new URL(stable.url).port),
      path: '/predict',
      body: JSON.stringify({ x: 3, y: 1 }),
      ratePerSecond: RATE,
      connections: 16,
      freshEvery: 10,
      timeoutMs: 10_000,
      predictions: [4, 7],
    });
    const recorded = new Map<RecordedWeight, readonly Slice[]>();
    for (const [index, weight] of RECORDED_WEIGHTS.entries()) {
      await write(weight, index + 3, candidate.url);
      recorded.set(weight, await slices(stable.url, index + 3));
    }
    const recording = await load.stop();
    const failed = [...recording.failures()].map(([cause, count]) => `${count} x ${cause}`);
    if (failed.length > 0)
      throw new Error(`requests failed while readings were recorded: ${failed.join('; ')}`);
    return recorded;
  } finally {
    endSpawned();
    await folder[Symbol.asyncDispose]();
  }
}

async function slices(url: string, generation: number): Promise<readonly Slice[]> {
  const found: Slice[] = [];
  let last: Slice | undefined;
  const end = performance.now() + RECORDED_MS;
  while (performance.now() < end) {
    const report = podReportSchema.parse(await (await fetch(`${url}${POD_REPORT_PATH}`)).json());
    const { rollout } = report;
    if (report.generation === generation && rollout !== undefined && rollout !== null) {
      if (last !== undefined)
        found.push({
          stable: minus(rollout.stable, last.stable),
          forwarded: minus(rollout.forwarded, last.forwarded),
        });
      last = { stable: rollout.stable, forwarded: rollout.forwarded };
    }
    await sleep(EVERY_MS);
  }
  if (found.length < 20) throw new Error(`only ${found.length} readings of generation ${generation}`);
  return found;
}

function trafficOf(weight: number, generation: number, url: string): Traffic {
  return {
    formatVersion: 1,
    generation,
    token: 'what-pods-show-one-another',
    stable: { revision: STABLE, number: 1, url: 'http://127.0.0.1:9' },
    candidate: { revision: CANDIDATE, number: 2, url, weight, shadow: 0, deadlineMs: 2000, tolerance: 1e-4 },
  };
}

export function plus(a: ReportedSide, b: ReportedSide): ReportedSide {
  return combine(a, b, 1);
}

function minus(a: ReportedSide, b: ReportedSide): ReportedSide {
  return combine(a, b, -1);
}

function combine(a: ReportedSide, b: ReportedSide, sign: 1 | -1): ReportedSide {
  const names = (of: 'failures' | 'predictions'): Readonly<Record<string, number>> =>
    Object.fromEntries(
      [...new Set([...Object.keys(a[of]), ...Object.keys(b[of])])].map((name) => [
        name,
        (a[of][name] ?? 0) + sign * (b[of][name] ?? 0),
      ]),
    );
  return {
    requests: a.requests + sign * b.requests,
    failures: names('failures'),
    latency: {
      bounds: a.latency.bounds,
      counts: a.latency.counts.map((count, i) => count + sign * (b.latency.counts[i] ?? 0)),
    },
    predictions: names('predictions'),
  };
}
