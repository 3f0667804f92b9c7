import { LABEL } from '#contract/names.ts';
import type { PodReport, ReportedSide } from '#contract/pod-report.ts';
import type { Pod } from '#operator/kube/index.ts';
import type { Monitoring, MonitoringRequest, PodSample } from '#operator/rollout/readings.ts';
import type { Quality } from './model.ts';
import { readyNow, type Scene } from './model-scene.ts';

const BOUNDS = [0.001, 0.01, 0.1, 1];
const RATE_PER_SECOND = 200;
/** Of what a bad candidate is asked. */
const FAILED_SHARE = 0.5;
const KEPT_SAMPLES = 600;

interface Side {
  requests: number;
  failures: number;
}

interface PodCounts {
  readonly served: Side;
  /** Another candidate begins anew. */
  key: string;
  stable: Side;
  forwarded: Side;
  copied: Side;
}

const nothing = (): Side => ({ requests: 0, failures: 0 });

/** What pods count and the operator reads of them while callers ask at a steady rate. */
export class SimulatedTraffic {
  quality: Quality = 'good';
  #pods = new Map<string, PodCounts>();
  #samples: PodSample[] = [];
  #unreachable = new Map<string, string>();
  #key: string | undefined;
  #watchedMs = 0;
  #followedMs = 0;

  /** The operator restarts: what it read is gone, what pods counted is not. */
  forget(): void {
    this.#samples = [];
    this.#unreachable = new Map();
    this.#watchedMs = 0;
    this.#followedMs = 0;
    this.#key = undefined;
  }

  /** Time passes, requests come, and at its end the pods are read. */
  pass(ms: number, at: number, scene: Scene, pods: readonly Pod[]): void {
    const ready = pods.filter(readyNow);
    const serving = ready.filter((pod) => revisionOf(pod) === scene.selected);
    this.#unreachable = new Map();
    if (this.#key !== undefined) {
      this.#watchedMs += this.quality === 'none' ? 0 : ms;
      this.#followedMs += ms;
    }
    for (const pod of ready) {
      const uid = pod.metadata.uid ?? '';
      const counts = this.#count(uid, scene);
      if (serving.includes(pod)) this.#ask((RATE_PER_SECOND * ms) / 1000 / serving.length, counts, scene);
      if (this.quality === 'none') this.#unreachable.set(uid, 'connect ETIMEDOUT');
      else this.#samples.push({ uid, revision: revisionOf(pod), at, report: reportOf(pod, counts, scene) });
    }
    this.#samples = this.#samples.slice(-KEPT_SAMPLES);
  }

  /** What this pod says when it is asked; throws where nobody can reach it. */
  report(pod: Pod, scene: Scene): PodReport {
    if (this.quality === 'none') throw new Error('connect ETIMEDOUT');
    return reportOf(pod, this.#count(pod.metadata.uid ?? '', scene), scene);
  }

  /** What a plan asked to be read: another phase or step is watched anew. */
  follow(request: MonitoringRequest | undefined): void {
    if (request?.key === this.#key) return;
    this.#key = request?.key;
    this.#watchedMs = 0;
    this.#followedMs = 0;
  }

  get monitoring(): Monitoring {
    return {
      samples: this.#samples,
      queries: new Map(),
      unreachable: this.#unreachable,
      asked: true,
      watchedMs: this.#watchedMs,
      followedMs: this.#followedMs,
    };
  }

  #count(uid: string, { traffic }: Scene): PodCounts {
    const key = `${traffic?.candidate?.revision} ${traffic?.candidate?.number}`;
    const known = this.#pods.get(uid) ?? {
      served: nothing(),
      key: '',
      stable: nothing(),
      forwarded: nothing(),
      copied: nothing(),
    };
    if (known.key !== key)
      Object.assign(known, { key, stable: nothing(), forwarded: nothing(), copied: nothing() });
    this.#pods.set(uid, known);
    return known;
  }

  #ask(requests: number, counts: PodCounts, { traffic }: Scene): void {
    const { weight = 0, shadow = 0 } = traffic?.candidate ?? {};
    const forwarded = Math.round((requests * weight) / 100);
    const bad = this.quality === 'bad' ? FAILED_SHARE : 0;
    const add = (side: Side, count: number, share: number): void => {
      side.requests += count;
      side.failures += Math.round(count * share);
    };
    // Whoever is stable answers clients: a bad candidate that was promoted fails them.
    add(counts.served, Math.round(requests), bad);
    add(counts.stable, Math.round(requests) - forwarded, 0);
    add(counts.forwarded, forwarded, bad);
    add(counts.copied, Math.round(((requests - forwarded) * shadow) / 100), bad);
  }
}

function revisionOf({ metadata }: Pod): string {
  return metadata.labels?.[LABEL.revision] ?? '';
}

function reportOf(pod: Pod, counts: PodCounts, { traffic, selected }: Scene): PodReport {
  const { candidate, generation = 0 } = traffic ?? {};
  const revision = revisionOf(pod);
  const { requests, failures } = counts.copied;
  return {
    revision,
    generation,
    weight: candidate?.weight ?? 0,
    shadow: candidate?.shadow ?? 0,
    instance: pod.metadata.uid ?? '',
    served: sideOf(counts.served),
    rollout:
      candidate === undefined || revision !== selected
        ? null
        : {
            candidate: candidate.revision,
            number: candidate.number,
            stable: sideOf(counts.stable),
            forwarded: sideOf(counts.forwarded),
            copied: {
              compared: requests - failures,
              agreed: requests - failures,
              failures: failures === 0 ? {} : { server_error: failures },
              dropped: 0,
              differences: { bounds: BOUNDS, counts: [requests - failures, 0, 0, 0, 0] },
              worst: [],
            },
          },
  };
}

function sideOf({ requests, failures }: Side): ReportedSide {
  return {
    requests,
    failures: failures === 0 ? {} : { server_error: failures },
    latency: { bounds: BOUNDS, counts: [Math.ceil(requests / 2), Math.floor(requests / 2), 0, 0, 0] },
    predictions: { value: requests - failures },
  };
}
