import { PORT } from '#contract/names.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { CheckContext } from './checks-context.ts';
import { clipped } from './checks-text.ts';
import { SETTLE_MS, STALE_POD_MS } from './defaults.ts';
import type { Increase } from './windows.ts';

/** A check's look at what was counted. */
export interface Look<T> {
  readonly from: number;
  readonly found: T;
  /** How long back, as a person reads it. */
  readonly span: string;
}

/**
 * Looks back as far as the window; where that holds too few, twice as far, and so on until it is enough or the step's
 * begin: a quiet model needs longer to tell, and not another spec.
 */
export function lookBack<T>(
  window: string,
  { now, since, phase }: CheckContext,
  look: (from: number) => T,
  isEnough: (found: T) => boolean,
): Look<T> {
  const begin = since + SETTLE_MS;
  let backMs = durationMs(window);
  for (;;) {
    const from = Math.max(begin, now - backMs);
    const found = look(from);
    const span = !(from > begin) ? BEGAN[phase] : `in the last ${spanText(backMs)}`;
    if (!(from > begin) || isEnough(found)) return { from, found, span };
    backMs *= 2;
  }
}

const BEGAN: Readonly<Record<CheckContext['phase'], string>> = {
  Shadow: 'since the copies began',
  Step: 'since the step began',
  Baking: 'since the promotion',
};

function spanText(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

/** Why there is no saying what holds now, where no pod was read lately that counts it; undefined: one was. */
export function unread({ lastAt }: Increase, context: CheckContext): string | undefined {
  const { monitoring, now, phase } = context;
  if (lastAt !== undefined && now - lastAt <= STALE_POD_MS) return undefined;
  if (now - context.since < SETTLE_MS + SETTLE_MS) {
    return 'The step began, or the pods of the candidate changed, a moment ago: the first readings are on their way.';
  }
  if (!monitoring.asked) {
    return 'The pods were not asked yet: the operator began to look a moment ago, and the first readings are on their way.';
  }
  const [why] = monitoring.unreachable.values();
  if (why !== undefined) {
    const many = monitoring.unreachable.size;
    return `PodsUnreachable: ${many === 1 ? '1 pod' : `${many} pods`} did not answer the operator (${clipped(why, 120)}). Let it reach port ${PORT.http} of the model's pods through network policies and meshes.`;
  }
  const answered = monitoring.samples.some(({ at }) => at <= now && now - at <= STALE_POD_MS);
  if (!answered) {
    return `PodsUnreachable: no pod was read in the last ${STALE_POD_MS / 1000} s. If this lasts, let the operator reach port ${PORT.http} of the model's pods through network policies and meshes.`;
  }
  const counted = phase === 'Baking' ? 'what they answer' : 'what they pass to this candidate';
  return `No pod has reported ${counted} yet. If this lasts, their runtime image is older than this operator, or the traffic file has not reached them.`;
}
