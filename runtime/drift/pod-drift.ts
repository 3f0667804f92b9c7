import { POD_DRIFT_LIMITS, type PodDrift, type ReportedFeature } from '#contract/pod-drift.ts';
import type { BinLayout } from './bins.ts';
import type { DriftMonitor } from './monitor.ts';

/** Drift as far as a pod's report needs it. */
type Measured =
  | { readonly kind: 'measured'; readonly monitor: Pick<DriftMonitor, 'totals' | 'countingMs'> }
  | { readonly kind: 'unavailable'; readonly message: string };

interface Process {
  readonly revision: string | undefined;
  readonly instance: string;
}

/** What GET /windlass/v1/drift answers: this pod's counts, which the operator adds to the other pods'. */
export function podDrift(drift: Measured | undefined, { revision, instance }: Process): PodDrift {
  const about = { formatVersion: 1, revision: revision ?? null, instance } as const;
  if (drift?.kind !== 'measured') {
    const unavailable = drift?.message ?? 'No model is loaded yet.';
    return { ...about, ageMs: 0, unavailable: unavailable.slice(0, 4096), features: [], leftOut: 0 };
  }
  const totals = drift.monitor.totals();
  const features: ReportedFeature[] = [];
  let bins = 0;
  for (const { column, counts } of totals) {
    const { name, layout } = column;
    bins += layout.reference.length;
    if (features.length === POD_DRIFT_LIMITS.features || bins > POD_DRIFT_LIMITS.bins) break;
    if (name.length > POD_DRIFT_LIMITS.name) continue;
    features.push({
      name,
      categories: categoriesOf(layout),
      reference: [...layout.reference],
      counts: [...counts],
    });
  }
  return {
    ...about,
    ageMs: Math.max(0, drift.monitor.countingMs()),
    features,
    leftOut: totals.length - features.length,
  };
}

function categoriesOf(layout: BinLayout): number {
  return layout.kind === 'categorical' ? layout.categories.length : 0;
}
