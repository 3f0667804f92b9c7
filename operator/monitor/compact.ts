import type { PodReport, ReportedHistogram, ReportedShadow, ReportedSide } from '#contract/pod-report.ts';
import type { PodSample } from '#operator/rollout/readings.ts';

/**
 * A report without what nobody reads of it, that shares with the pod's earlier one what is the same in both. A pod that
 * passes requests on to a candidate is judged by what it says of that, not by what it served.
 */
export function compact(report: PodReport, before: PodReport | undefined): PodReport {
  const { served, rollout, ...rest } = report;
  if (rollout === null || rollout === undefined) {
    return served === null || served === undefined
      ? rest
      : { ...rest, served: sharedSide(served, before?.served) };
  }
  const { stable, forwarded, copied } = rollout;
  const earlier = before?.rollout;
  return {
    ...rest,
    rollout: {
      ...rollout,
      stable: sharedSide(stable, earlier?.stable),
      forwarded: sharedSide(forwarded, earlier?.forwarded),
      copied: sharedCopies(copied, earlier?.copied),
    },
  };
}

/** The worst are those since the candidate came: only the newest report's are of use. */
export function withoutWorst(sample: PodSample): PodSample {
  const { rollout } = sample.report;
  if (rollout === null || rollout === undefined || rollout.copied.worst.length === 0) return sample;
  const copied = { ...rollout.copied, worst: [] };
  return { ...sample, report: { ...sample.report, rollout: { ...rollout, copied } } };
}

function sharedSide(side: ReportedSide, before: ReportedSide | null | undefined): ReportedSide {
  if (before === null || before === undefined) return side;
  const predictions = areSame(side.predictions, before.predictions) ? before.predictions : side.predictions;
  const failures = areSame(side.failures, before.failures) ? before.failures : side.failures;
  return { ...side, failures, predictions, latency: sharedHistogram(side.latency, before.latency) };
}

function sharedCopies(copied: ReportedShadow, before: ReportedShadow | undefined): ReportedShadow {
  if (before === undefined) return copied;
  return { ...copied, differences: sharedHistogram(copied.differences, before.differences) };
}

function sharedHistogram(histogram: ReportedHistogram, before: ReportedHistogram): ReportedHistogram {
  if (!areSame(histogram.bounds, before.bounds)) return histogram;
  return areSame(histogram.counts, before.counts) ? before : { ...histogram, bounds: before.bounds };
}

/** Whether two lists of numbers, or two counts by name, are the same. */
function areSame(a: Readonly<Record<string, number>> | readonly number[], b: typeof a): boolean {
  const entries = Object.entries(a);
  return (
    entries.length === Object.keys(b).length &&
    entries.every(([key, value]) => Object.hasOwn(b, key) && Reflect.get(b, key) === value)
  );
}
