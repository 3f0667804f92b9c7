import type { PodSample } from '#operator/rollout/readings.ts';
import { fairLevel } from './budget.ts';
import { withoutWorst } from './compact.ts';
import { bytesIn } from './size.ts';
import { thinnedPod, type Keeping } from './thinning.ts';

interface Kept {
  /** Oldest first. */
  readonly samples: readonly PodSample[];
  readonly bytes: number;
}

/** The readings of one ModelDeployment's pods that are worth their memory. */
export class PodSamples {
  readonly #pods = new Map<string, Kept>();
  #bytes = 0;
  #all: readonly PodSample[] | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  newest(uid: string): PodSample | undefined {
    return this.#pods.get(uid)?.samples.at(-1);
  }

  add(sample: PodSample, keeping: Keeping): void {
    const earlier = this.#pods.get(sample.uid)?.samples ?? [];
    const before = earlier.slice(-1).map(withoutWorst);
    this.#keep(sample.uid, thinnedPod([...earlier.slice(0, -1), ...before, sample], keeping));
  }

  /** Time has passed: gone pods' readings grow old too. */
  age(keeping: Keeping): void {
    for (const [uid, { samples }] of this.#pods) this.#keep(uid, thinnedPod(samples, keeping));
  }

  /** Those pods give that have the most; each pod's newest reading stays. */
  shrinkTo(maxBytes: number, keeping: Keeping): void {
    const level = fairLevel(
      [...this.#pods.values()].map(({ bytes }) => bytes),
      maxBytes,
    );
    for (const [uid, { samples, bytes }] of this.#pods) {
      if (bytes > level) this.#keep(uid, thinnedPod(samples, { ...keeping, maxBytes: level }));
    }
  }

  /** Each pod's oldest first. */
  all(): readonly PodSample[] {
    this.#all ??= [...this.#pods.values()].flatMap(({ samples }) => samples);
    return this.#all;
  }

  #keep(uid: string, samples: readonly PodSample[]): void {
    const bytes = bytesIn(samples);
    this.#bytes += bytes - (this.#pods.get(uid)?.bytes ?? 0);
    this.#all = undefined;
    if (samples.length === 0) this.#pods.delete(uid);
    else this.#pods.set(uid, { samples, bytes });
  }
}
