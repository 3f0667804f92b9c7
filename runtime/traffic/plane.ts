import type { Traffic, TrafficCandidate } from '#contract/traffic.ts';
import { memoryLimit } from '#runtime/engine/memory.ts';
import type { Logger } from '#runtime/log.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { CountedPrediction } from '#runtime/prediction-counts.ts';
import type { ServiceState } from '#runtime/state.ts';
import { compileComparison, type AnswerComparison, type Protocol } from './compare.ts';
import { destinationOf, splitWith, type Asked, type Destination } from './decision.ts';
import { Forwarder, type ForwardedAnswer, type ForwardFailure, type ForwardRequest } from './forward.ts';
import { judgeStatus, type ForwardOutcome, type ForwardTarget } from './outcome.ts';
import { passedOn, type PassedAnswer } from './passed-on.ts';
import { Rollout } from './rollout.ts';
import { shadowLimits } from './shadow.ts';
import { sticksTo } from './share.ts';
import type { SideCounts } from './side.ts';

export interface PlaneOptions {
  readonly state: ServiceState;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** The stable revision has this long for a whole answer; a candidate what the traffic file says. */
  readonly stableDeadlineMs: number;
  /** A longer answer is not held. */
  readonly maxAnswerBytes: number;
  readonly random?: () => number;
}

/** A request that was passed on, and what came back. */
export interface Passed {
  readonly target: ForwardTarget;
  readonly revision: string;
  readonly result: ForwardedAnswer | ForwardFailure;
  readonly seconds: number;
  /** Where it counts; undefined for the stable revision. */
  readonly side: SideCounts | undefined;
}

/** Failures of one kind are logged at most so often. */
const LOG_MS = 1000;

/** What this pod does with predictions by the traffic file: keeps them, passes them on, copies them. */
export class TrafficPlane {
  readonly #options: PlaneOptions;
  readonly #stable: Forwarder;
  readonly #candidate: Forwarder;
  readonly #comparisons = new Map<Protocol, AnswerComparison>();
  readonly #logged = new Map<string, { at: number; since: number }>();
  #rollout: Rollout | undefined;

  constructor(options: PlaneOptions) {
    const { state, maxAnswerBytes } = options;
    this.#options = options;
    this.#stable = new Forwarder({ revision: state.revisionName, maxAnswerBytes });
    this.#candidate = new Forwarder({ revision: state.revisionName, maxAnswerBytes });
  }

  /** The candidate that this pod shares its requests with, and what is counted of that. */
  get rollout(): Rollout | undefined {
    return this.#rollout;
  }

  apply(traffic: Traffic): void {
    const { state, metrics, log, stableDeadlineMs } = this.#options;
    const { generation, token, stable } = traffic;
    state.traffic = traffic;
    const candidate = splitWith(state.revision, traffic);
    this.#stable.use(
      state.stable ? undefined : { url: stable.url, generation, token, deadlineMs: stableDeadlineMs },
    );
    this.#candidate.use(
      candidate && { url: candidate.url, generation, token, deadlineMs: candidate.deadlineMs },
    );
    this.#follow(candidate);
    const { weight = 0, shadow = 0 } = candidate ?? {};
    metrics.traffic.applied(generation, weight, shadow);
    log.info(
      {
        generation,
        stableRevision: stable.revision,
        stable: state.stable,
        candidate: candidate?.revision,
        weight,
        shadow,
      },
      'traffic file applied',
    );
  }

  /** `header` gives a request's header by its name. */
  route(asked: Asked, header: (name: string) => string | undefined): Destination {
    const { state } = this.#options;
    return destinationOf(state.revision, state.traffic, asked, (candidate) => {
      const { stickyHeader } = candidate;
      const value = stickyHeader === undefined ? undefined : header(stickyHeader);
      if (value !== undefined && value !== '') return sticksTo(candidate, value);
      return this.#rollout?.split.take(candidate.weight) === true;
    });
  }

  /** Counts what the split left here, and this pod answered. */
  kept(
    rollout: Rollout | undefined,
    {
      status,
      seconds,
      predictions,
    }: {
      readonly status: number;
      readonly seconds: number;
      readonly predictions: readonly CountedPrediction[];
    },
  ): void {
    const { traffic } = this.#options.metrics;
    const failure = status >= 500 ? 'server_error' : undefined;
    rollout?.kept.ended({ seconds, failure, predictions });
    traffic.kept(seconds);
    traffic.predicted('stable', predictions);
  }

  /** Asks the other revision; how that ended counts once `settle` knows. */
  async pass(target: ForwardTarget, request: ForwardRequest): Promise<Passed> {
    const { traffic } = this.#options.state;
    const revision = (target === 'stable' ? traffic?.stable : traffic?.candidate)?.revision ?? 'unknown';
    const side = target === 'candidate' ? this.#rollout?.forwarded : undefined;
    const started = performance.now();
    const result = await (target === 'stable' ? this.#stable : this.#candidate).forward(request);
    return { target, revision, result, seconds: (performance.now() - started) / 1000, side };
  }

  /**
   * Counts how a passed request ended. Gives what the client shall be answered; undefined where that is this pod's own
   * answer, whose status is `ownStatus`, or has to be found first.
   */
  settle(passed: Passed, ownStatus?: number): PassedAnswer | undefined {
    const { result } = passed;
    const verdict = result.kind === 'answer' ? judgeStatus(result.status) : result.outcome;
    if (verdict !== 'answer' && ownStatus === undefined) return undefined;
    const agrees = verdict === 'compare' && (ownStatus ?? 0) >= 400;
    const outcome = verdict === 'answer' || agrees ? 'ok' : verdict === 'compare' ? 'rejected' : verdict;
    const answer =
      result.kind === 'answer' && outcome === 'ok' ? passedOn(result, passed.revision) : undefined;
    this.#count(passed, outcome, answer);
    return answer;
  }

  close(): Promise<unknown> {
    this.#rollout?.close();
    return Promise.all([this.#stable.close(), this.#candidate.close()]);
  }

  #count(passed: Passed, outcome: ForwardOutcome, answer: PassedAnswer | undefined): void {
    const { metrics } = this.#options;
    const { target, side } = passed;
    // Who was not asked took no time: counted, it would make a dead candidate a fast one.
    const seconds = outcome === 'skipped' ? undefined : passed.seconds;
    const predictions = answer?.predictions ?? [];
    metrics.traffic.forwarded(target, outcome, seconds);
    if (target === 'candidate') metrics.traffic.predicted('candidate', predictions);
    side?.ended({ seconds, failure: outcome === 'ok' ? undefined : outcome, predictions });
    if (outcome !== 'ok') this.#warn(passed, outcome);
  }

  #warn({ target, revision, result }: Passed, outcome: ForwardOutcome): void {
    const now = performance.now();
    const key = `${target} ${outcome}`;
    const last = this.#logged.get(key) ?? { at: -Infinity, since: 0 };
    const since = last.since + 1;
    if (now - last.at < LOG_MS) return void this.#logged.set(key, { at: last.at, since });
    this.#logged.set(key, { at: now, since: 0 });
    const cause = result.kind === 'answer' ? `status ${result.status}` : result.message;
    this.#options.log.warn(
      { target, revision, outcome, cause, requests: since },
      `the ${target} revision did not answer forwarded requests; answered here`,
    );
  }

  #follow(candidate: TrafficCandidate | undefined): void {
    if (candidate !== undefined && this.#rollout?.follow(candidate) === true) return;
    this.#rollout?.close();
    const { metrics, random = Math.random } = this.#options;
    this.#rollout =
      candidate &&
      new Rollout(candidate, {
        metrics: metrics.traffic,
        toCandidate: this.#candidate,
        emptyPredictions: () => metrics.emptyPredictions(),
        comparison: (protocol) => this.#comparison(protocol),
        random,
        limits: shadowLimits(memoryLimit()),
      });
  }

  #comparison(protocol: Protocol): AnswerComparison | undefined {
    const { model } = this.#options.state;
    const known = this.#comparisons.get(protocol);
    if (known !== undefined || model === undefined) return known;
    const compiled = compileComparison(model, protocol);
    this.#comparisons.set(protocol, compiled);
    return compiled;
  }
}
