import { z } from 'zod';

/** The key in the traffic ConfigMap, and so the mounted file's name. */
export const TRAFFIC_FILE = 'traffic.json';

const backendSchema = z.object({
  /** The ModelRevision's name. */
  revision: z.string(),
  number: z.int().positive(),
  /** The revision's own Service, for example http://bankchurn-0123456789.churn.svc:8080 */
  url: z.url(),
});

export const MAX_CANDIDATE_DEADLINE_MS = 600_000;

/**
 * The traffic file: which revision is stable, and which takes a share, for every pod of every live revision of one
 * ModelDeployment. `generation` grows with each change; a pod reports the one that it has applied. A runtime that does
 * not know a field ignores it, and answers itself what it would have passed on.
 */
export const trafficSchema = z.object({
  formatVersion: z.literal(1),
  generation: z.int().positive(),
  /**
   * What pods show one another with a request that they pass on, so that nobody else can claim to be a pod. The same for
   * all generations; absent in files of earlier operators.
   */
  token: z.string().min(16).max(128).optional(),
  stable: backendSchema,
  /** A revision on its way to become stable; absent where there is none, and in files of earlier operators. */
  candidate: backendSchema
    .extend({
      /** Percent of the requests that stable pods pass to it. */
      weight: z.number().min(0).max(100),
      /** Percent of the other requests that are copied to it once they are answered; its answers are compared, never returned. */
      shadow: z.number().min(0).max(100),
      /** It has so long for a whole answer, before the pod that passed the request on answers itself. */
      deadlineMs: z.int().min(50).max(MAX_CANDIDATE_DEADLINE_MS),
      /** Requests with the same value of this header (lower case) meet the same revision while the weight stays. */
      stickyHeader: z.string().max(128).optional(),
      /** Two numbers are the same answer within this, absolutely or relative to the greater one. */
      tolerance: z.number().nonnegative(),
    })
    .optional(),
});
export type Traffic = Readonly<z.infer<typeof trafficSchema>>;
export type TrafficCandidate = NonNullable<Traffic['candidate']>;
