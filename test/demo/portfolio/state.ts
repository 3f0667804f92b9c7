import { findCondition } from '#operator/api/conditions.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';

/** What the page and the terminal show of a model. */
export interface ModelState {
  readonly name: string;
  readonly version: string;
  readonly ready: { readonly reason: string; readonly message: string };
  /** Of the condition Drifted; undefined where nothing is compared. */
  readonly drifted: { readonly status: string; readonly message: string } | undefined;
}

export function stateOf({ metadata, status }: ModelDeployment): ModelState {
  const ready = findCondition(status?.conditions, 'Ready');
  const drifted = findCondition(status?.conditions, 'Drifted');
  return {
    name: metadata.name,
    version: status?.modelVersion ?? '',
    ready: { reason: ready?.reason ?? 'Unknown', message: ready?.message ?? '' },
    drifted: drifted === undefined ? undefined : { status: drifted.status, message: drifted.message },
  };
}

/** One reason and one sentence: drift is told where there is nothing more urgent. */
export function summaryOf({ ready, drifted }: ModelState): {
  readonly reason: string;
  readonly message: string;
} {
  return ready.reason === 'Serving' && drifted?.status === 'True'
    ? { reason: 'Serving, drifted', message: drifted.message }
    : ready;
}
