import { z } from 'zod';

/** Where a pod says what it has applied and counted; the operator reads it, and believes nothing but numbers. */
export const POD_REPORT_PATH = '/windlass/v1/traffic';

const count = z.number().int().nonnegative();
/** Counts by a name: of predictions a pod has up to 105 (runtime/prediction-counts.ts), of failures ten. */
const countsOf = (names: number) =>
  z.record(z.string().max(64), count).refine((all) => Object.keys(all).length <= names);
const failureCounts = countsOf(32);
const predictionCounts = countsOf(110);

const histogramSchema = z.object({
  /** Rising upper bounds; `counts` has one entry more, for what is above the last. Not cumulative over bounds. */
  bounds: z.array(z.number()).max(64),
  counts: z.array(count).max(65),
});
export type ReportedHistogram = Readonly<z.infer<typeof histogramSchema>>;

/** Requests that one revision was asked to answer. All counts grow from the process's start. */
const sideSchema = z.object({
  /** Every request that was meant for this revision, whether or not it answered. */
  requests: count,
  /** Those that it failed, by why (runtime/metrics.ts, ForwardOutcome; `server_error` for a pod's own 5xx). */
  failures: failureCounts,
  /** Seconds until the whole answer, or until it was given up. */
  latency: histogramSchema,
  /** Its predictions by outcome (classification) or by bin (numbers), so that two revisions can be compared. */
  predictions: predictionCounts,
});
export type ReportedSide = Readonly<z.infer<typeof sideSchema>>;

const shadowSchema = z.object({
  /** Copies that were answered by both and compared. */
  compared: count,
  /** Of these, the ones with the same answer. */
  agreed: count,
  /** Copies that the candidate failed, by why. */
  failures: failureCounts,
  /** Copies that were not sent because the queue was full. */
  dropped: count,
  /** The greatest difference of each compared pair. */
  differences: histogramSchema,
  /** The worst since the candidate came: the sha256 of the request's body, never the body. */
  worst: z.array(z.object({ hash: z.string().max(64), difference: z.number(), at: z.number() })).max(10),
});
export type ReportedShadow = Readonly<z.infer<typeof shadowSchema>>;

export const podReportSchema = z.object({
  revision: z.string().max(253).nullish(),
  /** The traffic file's generation that it has applied; 0 without one. */
  generation: count.nullish(),
  /** What it applies of it: percent of requests that it passes to the candidate, and percent that it copies. */
  weight: z.number().nullish(),
  shadow: z.number().nullish(),
  /** Another one: the process began anew, and so did its counts. */
  instance: z.string().max(64).nullish(),
  /** Requests of clients that reached this pod, whoever answered them. */
  served: sideSchema.nullish(),
  /** Absent while the traffic file has no candidate. Its counts begin anew with another candidate. */
  rollout: z
    .object({
      candidate: z.string().max(253),
      /** The candidate's number: the same revision may come again. */
      number: count,
      /** What this pod answered itself because the split said so. */
      stable: sideSchema,
      /** What it passed on. */
      forwarded: sideSchema,
      copied: shadowSchema,
    })
    .nullish(),
});
/** What a pod answers on POD_REPORT_PATH. */
export type PodReport = Readonly<z.infer<typeof podReportSchema>>;
