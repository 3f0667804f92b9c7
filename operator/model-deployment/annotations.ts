import { z } from 'zod';
import { FAILURE_REASONS } from '#contract/failure.ts';
import { ANNOTATION } from '#contract/names.ts';
import type { ObjectMeta } from '#operator/api/objects.ts';
import { progressSchema } from '#operator/rollout/progress.ts';

/**
 * What the operator has to remember is kept as annotations on its own objects, never in a status alone: a status can be
 * lost (a restore without it) and must be derivable. Times are milliseconds since 1970.
 */
export const MEMORY = {
  ...ANNOTATION,
  /** On a ModelRevision: when it became the target. */
  targetSince: 'windlass.dev/target-since',
  /** On a ModelRevision: that it failed, and for which spec or rollback. */
  rejection: 'windlass.dev/rejection',
  /** On a ModelRevision: how to reach its store, where only the Secret's annotations say so (KServe). No keys. */
  connection: 'windlass.dev/connection',
  /** On the traffic ConfigMap: which revisions were stable, and when. */
  promotions: 'windlass.dev/promotions',
  /** On the traffic ConfigMap: where the rollout stands. */
  rollout: 'windlass.dev/rollout',
  /** On a ModelRollback: what it was bound to at first sight, and how it ended. */
  binding: 'windlass.dev/binding',
  /** On the retraining CronJob: which Job began last, and when. */
  retraining: 'windlass.dev/retraining',
  /** On the retraining CronJob: a hash of what it was made from, so that a field that went away is taken out of it. */
  template: 'windlass.dev/template',
} as const;

export const rejectionSchema = z.object({
  /** The spec's hash, or the UID of the ModelRollback that named the revision. */
  key: z.string(),
  reason: z.enum(FAILURE_REASONS),
  message: z.string(),
  at: z.number(),
});
export type Rejection = Readonly<z.infer<typeof rejectionSchema>>;

/** A revision's time as the stable one; without `until` it still is. */
export const promotionSchema = z.object({
  revision: z.string(),
  from: z.number(),
  until: z.number().optional(),
});
export type Promotion = Readonly<z.infer<typeof promotionSchema>>;
export const promotionsSchema = z.array(promotionSchema);

export const rolloutMemorySchema = z.object({
  progress: progressSchema.optional(),
  /** The revision that took a share or copies last and takes none any more: it stops once all pods know. */
  released: z.object({ revision: z.string(), at: z.number() }).optional(),
  /** As large as the ModelDeployment was during the rollout; and until when that counts, after its end. */
  peak: z.object({ replicas: z.number(), until: z.number().optional() }).optional(),
  /** windlass.dev/promote as it was written before the rollout that it names. */
  ignored: z.string().optional(),
  /** windlass.dev/promote as it named this rollout, or an earlier one. */
  promoted: z.string().optional(),
  /** When the traffic file changed last for a rollout. */
  changedAt: z.number().optional(),
});
export type RolloutMemory = Readonly<z.infer<typeof rolloutMemorySchema>>;

export const bindingSchema = z.object({
  modelDeploymentUid: z.string(),
  toRevision: z.string().optional(),
  fromRevision: z.string().optional(),
  fromSpecHash: z.string(),
  since: z.number(),
  /** Made by Windlass, because `fromRevision` failed so. */
  automatic: rejectionSchema.optional(),
  end: z.object({ state: z.enum(['Superseded', 'Invalid']), message: z.string() }).optional(),
});
export type Binding = Readonly<z.infer<typeof bindingSchema>>;

/** An annotation's value; undefined when it is absent, or was damaged by hand. */
export function readAnnotation<T>(metadata: ObjectMeta, key: string, schema: z.ZodType<T>): T | undefined {
  const text = metadata.annotations?.[key];
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export const retrainingMemorySchema = z.object({ jobName: z.string(), startedAt: z.number() });
export type RetrainingMemory = Readonly<z.infer<typeof retrainingMemorySchema>>;

/** A positive whole number in an annotation. */
export function readNumber(metadata: ObjectMeta, key: string): number | undefined {
  const value = Number(metadata.annotations?.[key]);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Milliseconds of an API timestamp; 0 where there is none. */
export function timeMs(timestamp: string | undefined): number {
  const value = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(value) ? 0 : value;
}
