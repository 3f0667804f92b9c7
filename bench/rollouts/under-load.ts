import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figure.ts';
import type { Ground } from '../foundation/ground.ts';
import type { Latency, Recording, Span } from './load/index.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { whileServed } from './served.ts';

const RATE = 1000;
const WARM_UP_MS = 5_000;
const QUIET_MS = 15_000;
const AFTER_MS = 3_000;
/** rollout.candidateTimeout's default. */
const FORWARDING_DEADLINE_MS = 2_000;

/** Callers through whatever happens: none fails, and none waits much longer than in quiet. */
export function underLoad(ground: Ground): readonly Figure[] {
  return SCENARIOS.flatMap((scenario) => {
    let measured: Promise<Outcome> | undefined;
    const once = (): Promise<Outcome> => (measured ??= measure(ground, scenario));
    const during = `${RATE}/s during ${scenario.name}`;
    return [
      {
        name: `failed requests, ${during}`,
        goal: { atMost: 0, unit: '' },
        measure: async () => {
          const { recording, failed } = await once();
          return {
            value: [...failed.values()].reduce((sum, count) => sum + count, 0),
            detail: { ...facts(await once()), sent: recording.sent, failed: Object.fromEntries(failed) },
          };
        },
      },
      scenario.hangs === true
        ? {
            name: `p99, ${during}`,
            goal: { atMost: FORWARDING_DEADLINE_MS, unit: 'ms' },
            measure: async () => ({ value: (await once()).change.p99, detail: facts(await once()) }),
          }
        : {
            name: `p99 by that of quiet, ${during}`,
            goal: { atMost: 2, unit: 'x' },
            measure: async () => {
              const outcome = await once();
              return { value: outcome.change.p99 / outcome.quiet.p99, detail: facts(outcome) };
            },
          },
    ];
  });
}

interface Outcome {
  readonly recording: Recording;
  readonly failed: ReadonlyMap<string, number>;
  readonly quiet: Latency;
  readonly change: Latency;
  readonly span: Span;
}

function facts({ recording, quiet, change, span }: Outcome): Readonly<Record<string, unknown>> {
  const ms = ({ p50, p99, max }: Latency): object => ({ p50: round(p50), p99: round(p99), max: round(max) });
  return {
    quietMs: ms(quiet),
    changeMs: ms(change),
    changeSeconds: Math.round((span.to - span.from) / 1000),
    // Pods that start take the cores of a small machine for a few seconds: where the slow ones are.
    secondsWithOver2xP99: recording
      .p99BySecond(span)
      .flatMap((p99, second) => (p99 > 2 * quiet.p99 ? [second] : [])),
    answeredBy: Object.fromEntries(recording.revisions(span)),
    generator: {
      lagP99Ms: round(recording.generator.lagP99Ms),
      cpuShare: round(recording.generator.cpuShare),
    },
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;

function measure(ground: Ground, scenario: Scenario): Promise<Outcome> {
  const { name, replicas, prepare, change } = scenario;
  const title = name
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(-40)
    .replaceAll(/^-|-$/g, '');
  return whileServed(ground, { name: title, replicas }, async (served) => {
    await prepare?.(served);
    const load = await served.load(RATE);
    try {
      await sleep(WARM_UP_MS);
      const quietFrom = Date.now();
      await sleep(QUIET_MS);
      const from = Date.now();
      await change(served);
      await sleep(AFTER_MS);
      const to = Date.now();
      const recording = await load.stop();
      return {
        recording,
        failed: recording.failures(),
        quiet: recording.latency({ from: quietFrom, to: from }),
        change: recording.latency({ from, to }),
        span: { from, to },
      };
    } catch (error) {
      await load.stop();
      throw error;
    }
  });
}
