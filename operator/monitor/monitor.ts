import { setTimeout as sleep } from 'node:timers/promises';
import type { PodReport } from '#contract/pod-report.ts';
import { Turns } from '#operator/controller/index.ts';
import { NOTHING_READ } from '#operator/rollout/readings.ts';
import type { Monitoring, MonitoringRequest } from '#operator/rollout/readings.ts';
import { Budget } from './budget.ts';
import type { PodReportProbe } from './pod-report-probe.ts';
import type { PrometheusClient, QueryAnswer } from './prometheus.ts';
import { QueryTurns } from './query-turns.ts';
import { Readings } from './readings.ts';

export interface MonitorOptions {
  readonly probe: PodReportProbe;
  /** undefined: the operator was started without --prometheus-url. */
  readonly prometheus: PrometheusClient | undefined;
  /** Called after each round of readings of a ModelDeployment. */
  readonly onRead: (modelDeploymentUid: string) => void;
  readonly everyMs?: number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic?: () => number;
  /** Pods asked at the same time, of all ModelDeployments together. */
  readonly concurrency?: number;
}

/** A probe keeps its own deadline; one that does not is left alone after this. */
const PROBE_DEADLINE_MS = 3000;
const QUERY_DEADLINE_MS = 10_000;
/** Of all ModelDeployments; each has one at a time, so that slow ones of a few leave room. */
const QUERIES_AT_ONCE = 8;
/** A query costs a Prometheus more than a pod's report costs a pod. */
const QUERY_EVERY_MS = 10_000;
/** A pod that did not answer is left out of so many rounds, then of twice as many, up to this. */
const MOST_ROUNDS_OUT = 8;
/** For the readings of all pods; the chart's limit leaves four times as much for everything else. */
const MAX_READINGS_BYTES = 48 * 1024 * 1024;
const NO_PROMETHEUS =
  'the operator was started without --prometheus-url (chart: prometheus.url), so this query has nobody to answer it';

interface Followed {
  request: MonitoringRequest;
  readonly readings: Readings;
  readonly abort: AbortController;
  /** By pod UID: rounds that it is still left out of, and of how many it was last. */
  readonly resting: Map<string, { left: number; rounds: number }>;
  /** When each query was asked last, by the clock that does not jump. */
  readonly asked: Map<string, number>;
}

/** Reads pods and Prometheus in the background, for as long as a ModelDeployment is followed. */
export class Monitor {
  readonly #options: Required<MonitorOptions>;
  readonly #followed = new Map<string, Followed>();
  readonly #podTurns: Turns;
  readonly #budget = new Budget(MAX_READINGS_BYTES);
  readonly #queryTurns = new QueryTurns(QUERIES_AT_ONCE);

  constructor(options: MonitorOptions) {
    const { everyMs = 2000, clock = Date.now, concurrency = 32 } = options;
    const monotonic = options.monotonic ?? (() => performance.now());
    this.#options = { ...options, everyMs, clock, monotonic, concurrency };
    this.#podTurns = new Turns(concurrency);
  }

  /** Begins or changes; the same request changes nothing. */
  follow(modelDeploymentUid: string, request: MonitoringRequest): void {
    const known = this.#followed.get(modelDeploymentUid);
    if (known !== undefined) {
      known.request = request;
      known.readings.use(request);
      this.#queryTurns.keepOnly(modelDeploymentUid, request.queries);
      return;
    }
    const { clock, monotonic, everyMs } = this.#options;
    const followed: Followed = {
      request,
      readings: new Readings(request, { clock, monotonic, gapMs: 10_000 + everyMs }),
      abort: new AbortController(),
      resting: new Map(),
      asked: new Map(),
    };
    this.#followed.set(modelDeploymentUid, followed);
    this.#budget.join(followed.readings);
    void this.#run(modelDeploymentUid, followed);
  }

  forget(modelDeploymentUid: string): void {
    const followed = this.#followed.get(modelDeploymentUid);
    if (followed === undefined) return;
    followed.abort.abort();
    this.#budget.leave(followed.readings);
    this.#queryTurns.keepOnly(modelDeploymentUid, []);
    this.#followed.delete(modelDeploymentUid);
  }

  monitoring(modelDeploymentUid: string): Monitoring {
    return this.#followed.get(modelDeploymentUid)?.readings.monitoring() ?? NOTHING_READ;
  }

  async #run(modelDeploymentUid: string, followed: Followed): Promise<void> {
    const { signal } = followed.abort;
    const { everyMs, monotonic, onRead } = this.#options;
    while (!signal.aborted) {
      const began = monotonic();
      const { key } = followed.request;
      this.#ask(modelDeploymentUid, followed);
      await this.#readPods(followed);
      if (signal.aborted) return;
      followed.readings.roundEnded(key);
      onRead(modelDeploymentUid);
      const pause = Math.max(everyMs / 4, everyMs - (monotonic() - began));
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** All pods at once, as far as turns allow; ends when each has answered or failed. */
  async #readPods({ request, readings, resting, abort }: Followed): Promise<void> {
    const { signal } = abort;
    const here = new Set(request.pods.map(({ uid }) => uid));
    for (const uid of resting.keys()) if (!here.has(uid)) resting.delete(uid);
    const due = request.pods.filter(({ uid }) => {
      const rest = resting.get(uid);
      if (rest === undefined || rest.left === 0) return true;
      rest.left -= 1;
      return false;
    });
    await Promise.all(
      due.map(async (pod) => {
        try {
          const report = await this.#podTurns.run(async () => this.#probe(pod.ip, signal));
          if (signal.aborted) return;
          readings.podAnswered(pod, report);
          this.#budget.enforce();
          resting.delete(pod.uid);
        } catch (error) {
          if (signal.aborted) return;
          readings.podFailed(pod.uid, error instanceof Error ? error.message : 'it failed');
          const rounds = Math.min(MOST_ROUNDS_OUT, (resting.get(pod.uid)?.rounds ?? 0) * 2 || 1);
          resting.set(pod.uid, { left: rounds - 1, rounds });
        }
      }),
    );
  }

  async #probe(ip: string, signal: AbortSignal): Promise<PodReport> {
    signal.throwIfAborted();
    const ending = AbortSignal.any([signal, AbortSignal.timeout(PROBE_DEADLINE_MS)]);
    return Promise.race([this.#options.probe(ip, ending), rejectedBy(ending)]);
  }

  /** Asks the queries that are due, and does not wait for them. One that waits or runs is not asked again. */
  #ask(modelDeploymentUid: string, { request, readings, asked }: Followed): void {
    const { prometheus, monotonic } = this.#options;
    for (const query of asked.keys()) if (!request.queries.includes(query)) asked.delete(query);
    for (const query of request.queries) {
      if (prometheus === undefined) {
        readings.queryAnswered(query, { kind: 'problem', problem: NO_PROMETHEUS });
        continue;
      }
      if (this.#queryTurns.has(modelDeploymentUid, query)) continue;
      const before = asked.get(query);
      const isNew = readings.lacks(query);
      if (before !== undefined && monotonic() - before < (isNew ? QUERY_EVERY_MS / 5 : QUERY_EVERY_MS))
        continue;
      asked.set(query, monotonic());
      this.#queryTurns.add(modelDeploymentUid, query, async (signal) => {
        const answer = await answerOf(prometheus, query, signal);
        if (!signal.aborted) readings.queryAnswered(query, answer);
      });
    }
  }
}

/** A client keeps its own deadline; one that does not is left alone after this one. */
async function answerOf(
  prometheus: PrometheusClient,
  query: string,
  signal: AbortSignal,
): Promise<QueryAnswer> {
  try {
    const ending = AbortSignal.any([signal, AbortSignal.timeout(QUERY_DEADLINE_MS)]);
    return await Promise.race([prometheus.query(query, ending), rejectedBy(ending)]);
  } catch (error) {
    return { kind: 'problem', problem: error instanceof Error ? error.message : 'it failed' };
  }
}

async function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true });
  });
}
