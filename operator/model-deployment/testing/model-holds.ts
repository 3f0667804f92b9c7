import { ANNOTATION } from '#contract/names.ts';
import type { TrafficCandidate } from '#contract/traffic.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { RolloutSettings } from '#operator/api/rollout-settings.ts';
import type { Quality } from './model.ts';
import type { Scene } from './model-scene.ts';

/** Where a candidate was first seen to be; 0 is before the first step. */
interface Place {
  readonly number: number;
  readonly revision: string;
  readonly step: number;
  readonly since: number;
  /** A good reading came since then. */
  readonly sawGood: boolean;
}

/** How far a candidate may have come: no step before its hold, no hold's end without a reading, no step skipped. */
export class ModelHolds {
  #place: Place | undefined;
  #quality: Quality = 'none';
  /** Revision number -> the last stage whose hold a person ended. */
  readonly #promoted = new Map<number, number>();
  /** Something was lost or changed, so that where the candidate stands is not known: its next place is believed. */
  #unknown = false;

  /** What a person said once holds, also where another word takes its place. */
  hear({ modelDeployment }: Scene): void {
    const [number, to] = (modelDeployment.metadata.annotations?.[ANNOTATION.promote] ?? '').split('/');
    const through = to === 'full' ? Number.POSITIVE_INFINITY : Number(to);
    if (Number.isNaN(through)) return;
    this.#promoted.set(Number(number), Math.max(this.#promoted.get(Number(number)) ?? -1, through));
  }

  forget(): void {
    this.#place = undefined;
    this.#unknown = true;
  }

  read(quality: Quality): void {
    this.#quality = quality;
    if (this.#place !== undefined && quality === 'good') this.#place = { ...this.#place, sawGood: true };
  }

  /** A candidate gets this share from now on. */
  shifts(candidate: TrafficCandidate, scene: Scene, elapsedMs: number): string | undefined {
    const settings = scene.modelDeployment.spec.rollout;
    const steps = settings?.steps ?? [];
    const { number, revision, weight } = candidate;
    const step = weight === 0 ? 0 : steps.findIndex((each) => each.weight === weight) + 1;
    const before = scene.traffic?.candidate;
    const grows = before?.number !== number || weight > before.weight;
    if (weight > 0 && step === 0)
      return grows || !this.#unknown ? `${revision} gets ${weight} %, which no step says` : undefined;
    const known = this.#place?.number === number ? this.#place : undefined;
    if (this.#unknown) {
      // It may have been there for long.
      this.#unknown = false;
      this.#place = { number, revision, step, since: Number.NEGATIVE_INFINITY, sawGood: true };
      return undefined;
    }
    const problem = this.#mayReach(step, known, candidate, scene, elapsedMs);
    if (known === undefined || known.step < step)
      this.#place = { number, revision, step, since: elapsedMs, sawGood: this.#quality === 'good' };
    return problem;
  }

  /** A revision becomes the stable one. */
  promotes(revision: string, scene: Scene, elapsedMs: number): string | undefined {
    const { rollout: settings } = scene.modelDeployment.spec;
    const steps = settings?.steps ?? [];
    if (this.#unknown || (steps.length === 0 && settings?.shadow === undefined)) return undefined;
    const known = this.#place?.revision === revision ? this.#place : undefined;
    // Without one that came through the steps it is an undo, or a spec that never had any: no share was asked of it.
    if (known === undefined) return undefined;
    return this.#mayReach(steps.length + 1, known, known, scene, elapsedMs);
  }

  #mayReach(
    step: number,
    known: Place | undefined,
    { number, revision }: Pick<TrafficCandidate, 'number' | 'revision'>,
    { modelDeployment }: Scene,
    elapsedMs: number,
  ): string | undefined {
    const from = known?.step ?? 0;
    if (step <= from) return undefined;
    const through = this.#promoted.get(number) ?? -1;
    const settings = modelDeployment.spec.rollout;
    // The gate before the first step holds only with shadow, which is a share of its own.
    const first = settings?.shadow === undefined ? Math.max(1, from) : from;
    for (let stage = first; stage < step; stage += 1) {
      if (stage <= through) continue;
      if (stage !== from) return `${revision} comes to step ${step} from ${from}, past step ${stage}`;
      const holdMs = holdOf(stage, settings);
      const stood = known === undefined ? 0 : elapsedMs - known.since;
      if (holdMs === 'person') return `${revision} leaves step ${stage}, which nobody promoted`;
      if (stood < holdMs) return `${revision} leaves step ${stage} after ${stood} of ${holdMs} ms`;
      if (known?.sawGood !== true && settings?.checks?.length !== 0)
        return `${revision} leaves step ${stage}, and nothing good was read of it`;
    }
    return undefined;
  }
}

function holdOf(stage: number, settings: RolloutSettings | undefined): number | 'person' {
  if (stage === 0) return settings?.shadow === undefined ? 0 : durationMs(settings.shadow.hold);
  const hold = settings?.steps?.[stage - 1]?.hold;
  return hold === undefined ? 'person' : durationMs(hold);
}
