import { z } from 'zod';

/** Where a pod says how many values fell into each bin of its reference; the operator adds pods up. */
export const POD_DRIFT_PATH = '/windlass/v1/drift';

/** What of a model is reported at most; the rest is left out, and counted in `leftOut`. */
export const POD_DRIFT_LIMITS = { features: 256, bins: 20_000, name: 253 } as const;

const count = z.number().int().nonnegative();
/** Bins of one feature: those of runtime/drift/bins.ts, of which categories are the most. */
const countsSchema = z.array(count).max(1100);

const featureSchema = z.object({
  /** The input's name, `image.<property>`, or `prediction`. */
  name: z.string().max(POD_DRIFT_LIMITS.name),
  /** The first so many bins are categories, the next one is "other"; 0: bins of a number. The last one is missing. */
  categories: count,
  /** Rows of the training data, by bin. */
  reference: countsSchema,
  /** Rows since the process began, by bin. */
  counts: countsSchema,
});
export type ReportedFeature = Readonly<z.infer<typeof featureSchema>>;

/** What a pod answers on POD_DRIFT_PATH. All counts grow from the process's start. */
export const podDriftSchema = z.object({
  formatVersion: z.literal(1),
  revision: z.string().max(253).nullish(),
  /** Another one: the process began anew, and so did its counts. */
  instance: z.string().max(64),
  /** For how long this process has counted. */
  ageMs: z.number().nonnegative(),
  /** Why nothing is counted; absent where something is. */
  unavailable: z.string().max(4096).nullish(),
  features: z.array(featureSchema).max(POD_DRIFT_LIMITS.features),
  /** Features that are compared by the pod itself alone, because there are too many. */
  leftOut: count,
});
export type PodDrift = Readonly<z.infer<typeof podDriftSchema>>;
