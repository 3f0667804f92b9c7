import { z } from 'zod';
import { FAILURE_REASONS } from '#contract/failure.ts';

/** Where a rollout stands, as it is remembered beside the traffic file. Times are milliseconds since 1970. */
export const progressSchema = z.object({
  /** The candidate; while baking, the new stable revision. */
  revision: z.string(),
  number: z.number(),
  /** 0: before the first step; i: step i; `bake`: promoted, and watched. */
  stage: z.union([z.number().int().min(0), z.literal('bake')]),
  /** When it came there. */
  since: z.number(),
  /** When its hold was over: what comes next is on its way, and is not taken back. */
  doneAt: z.number().optional(),
  /** What failed, where a person has to decide (onFailure: pause). */
  failed: z
    .object({
      reason: z.enum(FAILURE_REASONS),
      message: z.string(),
      at: z.number(),
      /** What a person had allowed by then, which says nothing of this failure. */
      through: z.number().default(-1),
    })
    .optional(),
  /** Since when none of its pods is ready. */
  idleSince: z.number().optional(),
  /** Since when it waits for so many pods. */
  growing: z.object({ pods: z.number(), since: z.number() }).optional(),
  /** A person holds it; and when that ended last: no deadline counts what was before. */
  paused: z.literal(true).optional(),
  resumedAt: z.number().optional(),
});
export type Progress = Readonly<z.infer<typeof progressSchema>>;

/** Every hold is over. */
export const FULL = Number.MAX_SAFE_INTEGER;

/** What a person said with the annotation windlass.dev/promote. */
export interface PromoteRequest {
  readonly number: number;
  /** Holds up to this stage are over. */
  readonly through: number;
}

/** `<revision number>/<step>` or `<revision number>/full`; undefined where it is neither. */
export function parsePromote(text: string | undefined): PromoteRequest | undefined {
  const parts = /^([1-9][0-9]{0,8})\/([0-9]{1,3}|full)$/.exec(text?.trim() ?? '');
  if (parts === null) return undefined;
  return {
    number: Number(parts[1]),
    through: parts[2] === 'full' ? FULL : Number(parts[2]),
  };
}
