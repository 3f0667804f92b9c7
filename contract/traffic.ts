import { z } from 'zod';

/** The key in the traffic ConfigMap, and so the mounted file's name. */
export const TRAFFIC_FILE = 'traffic.json';

/**
 * The traffic file: which revision is stable, for every pod of every live revision of one ModelDeployment.
 * `generation` grows with each change; a pod reports the one that it has applied.
 */
export const trafficSchema = z.object({
  formatVersion: z.literal(1),
  generation: z.int().positive(),
  /**
   * What pods show one another with a request that they pass on, so that nobody else can claim to be a pod. The same for
   * all generations; absent in files of earlier operators.
   */
  token: z.string().min(16).max(128).optional(),
  stable: z.object({
    /** The ModelRevision's name. */
    revision: z.string(),
    number: z.int().positive(),
    /** The revision's own Service, for example http://bankchurn-0123456789.churn.svc:8080 */
    url: z.url(),
  }),
});
export type Traffic = Readonly<z.infer<typeof trafficSchema>>;
