import { z } from 'zod';

/** A CEL rule of a CRD; `message` says how to mend. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

/** zod metadata that the CRD generator copies into the schema. */
export function cel(...rules: readonly CelRule[]): Record<string, unknown> {
  return { 'x-kubernetes-validations': rules };
}

/** A Go duration of hours, minutes and seconds: 90s, 5m, 1h30m. */
export const durationSchema = z
  .string()
  .max(32)
  .regex(/^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$/)
  .min(2);

/** Milliseconds of a duration that durationSchema accepts. */
export function durationMs(duration: string): number {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  const [hours, minutes, seconds] = [parts?.[1], parts?.[2], parts?.[3]].map((part) => Number(part ?? 0));
  return ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000;
}

/** The name of an object in the same namespace. */
export const nameReferenceSchema = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

export const conditionSchema = z.strictObject({
  type: z.string().max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z.int().optional(),
  lastTransitionTime: z.iso.datetime(),
  reason: z.string().max(1024),
  message: z.string().max(32768),
});
export type Condition = Readonly<z.infer<typeof conditionSchema>>;
