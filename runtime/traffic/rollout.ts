import type { PodReport } from '#contract/pod-report.ts';
import type { TrafficCandidate } from '#contract/traffic.ts';
import type { PredictionCounts } from '#runtime/prediction-counts.ts';
import type { AnswerComparison } from './compare.ts';
import { agrees, DIFFERENT, type Difference } from './difference.ts';
import type { ForwardedAnswer, Forwarder } from './forward.ts';
import type { TrafficMetrics } from './metrics.ts';
import { jsonLengthField } from './passed-on.ts';
import { judgeStatus, type FailedOutcome } from './outcome.ts';
import { Share } from './share.ts';
import { ShadowCounts } from './shadow-counts.ts';
import { ShadowQueue, type Copy, type ShadowLimits } from './shadow.ts';
import { SideCounts } from './side.ts';

export interface RolloutServices {
  readonly metrics: TrafficMetrics;
  readonly toCandidate: Forwarder;
  readonly emptyPredictions: () => PredictionCounts;
  /** undefined while no model serves. */
  readonly comparison: (protocol: Copy['protocol']) => AnswerComparison | undefined;
  readonly random: () => number;
  readonly limits: ShadowLimits;
}

/** One candidate beside this stable pod: its shares, and what is counted of them. Another candidate gets another one. */
export class Rollout {
  readonly kept: SideCounts;
  readonly forwarded: SideCounts;
  readonly split: Share;
  readonly #services: RolloutServices;
  readonly #copied = new ShadowCounts();
  readonly #copies: Share;
  readonly #queue: ShadowQueue;
  #candidate: TrafficCandidate;

  constructor(candidate: TrafficCandidate, services: RolloutServices) {
    const { emptyPredictions, random, limits } = services;
    this.#candidate = candidate;
    this.#services = services;
    this.kept = new SideCounts(emptyPredictions);
    this.forwarded = new SideCounts(emptyPredictions);
    this.split = new Share(random);
    this.#copies = new Share(random);
    this.#queue = new ShadowQueue(limits, (copy) => this.#shadow(copy));
  }

  get candidate(): TrafficCandidate {
    return this.#candidate;
  }

  /** Follows the same candidate; false for another one. */
  follow(candidate: TrafficCandidate): boolean {
    if (candidate.revision !== this.#candidate.revision || candidate.number !== this.#candidate.number)
      return false;
    this.#candidate = candidate;
    if (candidate.shadow === 0) this.#queue.clear();
    return true;
  }

  /** Whether a request of so many bytes, which is answered here, shall be copied. */
  wantsCopy(bytes: number): boolean {
    if (this.#candidate.shadow === 0 || !this.#copies.take(this.#candidate.shadow)) return false;
    if (this.#queue.hasRoom(bytes)) return true;
    this.#drop();
    return false;
  }

  /** A request that was to be copied is answered: by a refusal, it is not worth one. */
  answered(copy: Copy | undefined): void {
    if (copy === undefined) this.#copies.giveBack();
    else if (!this.#queue.offer(copy)) this.#drop();
  }

  report(): NonNullable<PodReport['rollout']> {
    return {
      candidate: this.#candidate.revision,
      number: this.#candidate.number,
      stable: this.kept.report(),
      forwarded: this.forwarded.report(),
      copied: this.#copied.report(),
    };
  }

  close(): void {
    this.#queue.clear();
  }

  #drop(): void {
    this.#copied.dropped();
    this.#services.metrics.shadow('dropped');
  }

  async #shadow(copy: Copy): Promise<void> {
    const { metrics, toCandidate } = this.#services;
    const result = await toCandidate.forward(copy.request);
    const failure = failureOf(result);
    if (result.kind === 'failed' || failure !== undefined) {
      this.#copied.failed(failure ?? 'server_error');
      metrics.shadow('failed');
      return;
    }
    const difference = this.#differenceOf(copy, result);
    const agreed = agrees(difference, this.#candidate.tolerance);
    this.#copied.compared(difference.greatest, agreed, copy.request.body);
    metrics.shadow(agreed ? 'agreed' : 'differed', difference.greatest);
  }

  #differenceOf({ protocol, own }: Copy, { body, headers }: ForwardedAnswer): Difference {
    const { comparison, limits } = this.#services;
    if (body.length > limits.answerBytes) return DIFFERENT;
    try {
      return comparison(protocol)?.(own, { body, jsonLength: jsonLengthField(headers) }) ?? DIFFERENT;
    } catch {
      // An answer that is nested too deeply to be compared.
      return DIFFERENT;
    }
  }
}

/** How a copy failed, which this pod itself has answered with a 200. */
function failureOf(result: Awaited<ReturnType<Forwarder['forward']>>): FailedOutcome | undefined {
  if (result.kind === 'failed') return result.outcome;
  const verdict = judgeStatus(result.status);
  if (verdict === 'answer') return undefined;
  return verdict === 'compare' ? 'rejected' : verdict;
}
