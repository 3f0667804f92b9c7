import type { DriftStatus } from '#operator/api/drift-settings.ts';
import type { FeatureDrift } from '#operator/drift/index.ts';

// How features are told: each change of the text is a write, so small moves are not shown.

type Shown = DriftStatus['features'];

/** A feature that has drifted stays so until it is this far below its limit: one at the limit would come and go. */
export const ENDS_AT = 0.8;
/** What is shown of an index moves in such steps. */
const STEP = 0.05;
const STEP_SHARE = 0.2;
const NAMED = 5;

interface Verdict {
  readonly isDrifted: boolean;
  readonly maxPsi: number;
}

/** `before`: what was shown with the same verdict, and is again where nothing has moved by a step. */
export function shownFeatures(
  before: Shown | undefined,
  now: readonly FeatureDrift[],
  { isDrifted, maxPsi }: Verdict,
): Shown {
  const rounded = now.map(({ name, psi, limit }) => {
    const own = round(limit);
    return { name, psi: round(psi), ...(own > maxPsi ? { limit: own } : {}) };
  });
  if (before?.length !== rounded.length) return rounded;
  const isSame = before.every((feature, i) => {
    // Which of those that are steady is the farthest is chance.
    const after = isDrifted ? rounded.find(({ name }) => name === feature.name) : rounded[i];
    return (
      after !== undefined &&
      isNear(feature.psi, after.psi) &&
      isNear(feature.limit ?? maxPsi, after.limit ?? maxPsi)
    );
  });
  return isSame ? before : rounded;
}

/** The farthest ones with their indices, and the limit. */
export function textOf(features: Shown, all: number, { isDrifted, maxPsi }: Verdict): string {
  const named = features.slice(0, NAMED);
  const texts = named.map(({ name, psi, limit }) => {
    const own = limit === undefined ? '' : `, its limit is ${limit}`;
    const bound = limit ?? maxPsi;
    const lasts = isDrifted && psi <= bound ? `, until it is below ${round(ENDS_AT * bound)}` : '';
    return `${name} (PSI ${psi}${own}${lasts})`;
  });
  const more = all > texts.length ? ` and ${all - texts.length} more` : '';
  const others = named.some(({ limit }) => limit !== undefined) ? ' where none is named' : '';
  return `${texts.join(', ')}${more}; the limit is ${maxPsi}${others}`;
}

function isNear(before: number, now: number): boolean {
  return Math.abs(before - now) <= Math.max(STEP, STEP_SHARE * before);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
