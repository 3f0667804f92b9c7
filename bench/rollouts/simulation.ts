import type { PodReport } from '#contract/pod-report.ts';
import { thinned } from '#operator/monitor/thinning.ts';
import { seeded } from '#test/support/random.ts';
import { judgeChecks, type CheckContext } from '#operator/rollout/checks.ts';
import { DEFAULT_CHECKS } from '#operator/rollout/defaults.ts';
import { NOTHING_READ, type PodSample } from '#operator/rollout/readings.ts';
import type { Measurement } from '../figure.ts';
import {
  CANDIDATE,
  plus,
  record,
  RECORDED_WEIGHTS,
  STABLE,
  type Recorded,
  type RecordedWeight,
  type Slice,
} from './recorded.ts';

export const SIMULATED = 200;
const STEP_SECONDS = 150;
const READ_EVERY_SECONDS = 2;
/** Recorded seconds that follow one another stay together: what is slow is slow for a while. */
const BLOCK = 5;
const BEGAN = Date.UTC(2030, 0, 1);

/** Rollouts made of what two real runtimes reported, drawn anew in blocks: how often a check fails. */
export async function falseAlarms(): Promise<Measurement> {
  const recorded = await record();
  const alarms: string[] = [];
  let judgements = 0;
  let passed = 0;
  for (let seed = 1; seed <= SIMULATED; seed += 1) {
    for (const weight of RECORDED_WEIGHTS) {
      let last: readonly string[] = [];
      for (const context of stepOf(recorded, weight, seed)) {
        const results = judgeChecks(DEFAULT_CHECKS, context);
        judgements += 1;
        last = results.map(({ state }) => state);
        alarms.push(
          ...results.flatMap(({ state, message }) => (state === 'fail' ? [`${weight} %: ${message}`] : [])),
        );
      }
      if (last.every((state) => state === 'pass')) passed += 1;
    }
  }
  const steps = SIMULATED * RECORDED_WEIGHTS.length;
  return {
    value: alarms.length,
    detail: {
      rollouts: SIMULATED,
      judgements,
      stepsThatPassed: `${passed} of ${steps}`,
      first: alarms.slice(0, 3),
    },
  };
}

function* stepOf(recorded: Recorded, weight: RecordedWeight, seed: number): Generator<CheckContext> {
  const random = seeded(seed * 7919 + weight);
  const slices = recorded.get(weight) ?? [];
  const pods = Array.from(
    { length: 1 + (seed % 4) },
    (_, index) => new RecordedPod(`pod-${index}`, slices, random),
  );
  let samples: readonly PodSample[] = [];
  for (let second = 0; second <= STEP_SECONDS; second += 1) {
    for (const pod of pods) pod.pass();
    if (second % READ_EVERY_SECONDS !== 0) continue;
    const at = BEGAN + second * 1000;
    const read = pods.map((pod) => ({ uid: pod.uid, revision: STABLE, at, report: pod.report() }));
    samples = thinned([...samples, ...read], { now: at, since: BEGAN });
    yield {
      now: at + 500,
      phase: 'Step',
      since: BEGAN,
      name: 'linear',
      namespace: 'figures',
      candidate: { revision: CANDIDATE, number: 2, metrics: undefined },
      stable: STABLE,
      monitoring: {
        ...NOTHING_READ,
        asked: true,
        samples,
        watchedMs: second * 1000,
        followedMs: second * 1000,
      },
    };
  }
}

/** Counts what was recorded, beginning as the recording began: cold. */
class RecordedPod {
  readonly uid: string;
  readonly #slices: readonly Slice[];
  readonly #random: () => number;
  #at = 0;
  #left = BLOCK;
  #counted: Slice | undefined;

  constructor(uid: string, slices: readonly Slice[], random: () => number) {
    this.uid = uid;
    this.#slices = slices;
    this.#random = random;
  }

  pass(): void {
    if (this.#left === 0) {
      this.#at = Math.floor(this.#random() * (this.#slices.length - BLOCK));
      this.#left = BLOCK;
    }
    const slice = this.#slices[this.#at];
    this.#at += 1;
    this.#left -= 1;
    if (slice === undefined) return;
    const before = this.#counted;
    this.#counted =
      before === undefined
        ? slice
        : { stable: plus(before.stable, slice.stable), forwarded: plus(before.forwarded, slice.forwarded) };
  }

  report(): PodReport {
    const { stable, forwarded } = this.#counted ?? {};
    if (stable === undefined || forwarded === undefined) return {};
    const copied = {
      compared: 0,
      agreed: 0,
      failures: {},
      dropped: 0,
      differences: { bounds: [], counts: [0] },
      worst: [],
    };
    return {
      revision: STABLE,
      generation: 1,
      instance: 'one',
      rollout: { candidate: CANDIDATE, number: 2, stable, forwarded, copied },
    };
  }
}
