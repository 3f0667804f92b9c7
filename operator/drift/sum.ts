import { CountWindow } from '#contract/count-window.ts';
import type { PodDrift } from '#contract/pod-drift.ts';
import { compare } from '#contract/psi.ts';
import type { FeatureDrift } from './reading.ts';

/** What leaves the window leaves it in steps of a twentieth. */
const SLOTS = 20;
/** No pod counts faster; what a broken one says beyond it must not spoil the others' counts. */
const MOST_ROWS = 1e9;

interface Feature {
  readonly name: string;
  readonly categories: number;
  readonly reference: readonly number[];
  /** The first of its counters. */
  readonly at: number;
}

interface PodCounts {
  readonly at: number;
  readonly instance: string;
  readonly counts: Float64Array;
}

export interface SumRule {
  readonly maxPsi: number;
  readonly minSamples: number;
}

/** Adds up what the pods of one revision counted, over a sliding window that begins when this is made. */
export class DriftSum {
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #began: number;
  #features: readonly Feature[] = [];
  #layout = '';
  #window: CountWindow | undefined;
  readonly #pods = new Map<string, PodCounts>();

  /** `now`: milliseconds that never jump. */
  constructor(windowMs: number, now: () => number) {
    this.#windowMs = windowMs;
    this.#now = now;
    this.#began = now();
  }

  get hasCounts(): boolean {
    return this.#window !== undefined;
  }

  get complete(): boolean {
    return this.#now() - this.#began >= this.#windowMs;
  }

  get bytes(): number {
    return this.bytesFor(this.#pods.size);
  }

  /** Memory for so many pods. */
  bytesFor(pods: number): number {
    const bins = this.#features.reduce((sum, { reference }) => sum + reference.length, 0);
    return (this.#window?.bytes ?? 0) + bins * 8 * (1 + pods);
  }

  /** Adds what a pod counted since it was asked last. Throws where its bins are not those of the other pods. */
  add(podUid: string, report: PodDrift): void {
    const window = this.#laidOut(report);
    const counts = Float64Array.from(report.features.flatMap((feature) => feature.counts));
    const last = this.#pods.get(podUid);
    this.#pods.set(podUid, { at: this.#now(), instance: report.instance, counts });
    const since = this.#sinceWhen(last, report, counts);
    if (since === 'now') return;
    const current = window.current();
    for (let i = 0; i < counts.length; i++) {
      const before = since === 'last' ? (last?.counts[i] ?? 0) : 0;
      const rows = Math.max(0, Math.min(MOST_ROWS, (counts[i] ?? 0) - before));
      current[i] = (current[i] ?? 0) + rows;
    }
  }

  /** Pods that are gone are forgotten; what they counted stays in the window. */
  keepOnly(podUids: ReadonlySet<string>): void {
    for (const uid of this.#pods.keys()) if (!podUids.has(uid)) this.#pods.delete(uid);
  }

  /** How far each feature has moved, the farthest first. */
  features({ maxPsi, minSamples }: SumRule): readonly FeatureDrift[] {
    const counts = this.#window?.counts() ?? new Float64Array();
    const rule = { threshold: maxPsi, minSamples, features: this.#features.length };
    return this.#features
      .map(({ name, categories, reference, at }) => {
        const now = counts.subarray(at, at + reference.length);
        const { psi = 0, limit, state } = compare({ reference, now, categories }, rule);
        return { name, psi, limit, state };
      })
      .toSorted((a, b) => b.psi - a.psi);
  }

  /**
   * Which rows of a report belong to the window: those since the last report within it; all of a process that began within
   * the window (a pod that came or restarted); none of one that was there before anybody looked.
   */
  #sinceWhen(last: PodCounts | undefined, report: PodDrift, counts: Float64Array): 'last' | 'start' | 'now' {
    const goesOn =
      last !== undefined &&
      this.#now() - last.at <= this.#windowMs &&
      last.instance === report.instance &&
      last.counts.length === counts.length &&
      counts.every((count, i) => count >= (last.counts[i] ?? 0));
    if (goesOn) return 'last';
    const watchedMs = Math.min(this.#windowMs, this.#now() - this.#began);
    return report.ageMs <= watchedMs ? 'start' : 'now';
  }

  #laidOut({ features }: PodDrift): CountWindow {
    const layout = JSON.stringify(
      features.map(({ name, categories, reference }) => [name, categories, reference]),
    );
    if (this.#window !== undefined && layout === this.#layout) return this.#window;
    if (this.#window !== undefined) {
      throw new Error('its bins are not those of the revision’s other pods');
    }
    if (features.some(({ reference, counts }) => reference.length !== counts.length)) {
      throw new Error('its counts do not fit its bins');
    }
    let at = 0;
    this.#features = features.map(({ name, categories, reference }) => {
      const feature = { name, categories, reference, at };
      at += reference.length;
      return feature;
    });
    this.#layout = layout;
    this.#window = new CountWindow({
      counters: at,
      windowMs: this.#windowMs,
      now: this.#now,
      slots: SLOTS,
    });
    return this.#window;
  }
}
