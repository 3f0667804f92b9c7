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

/** zod metadata: items of a list are one object each per key, which server-side apply merges and the server keeps unique. */
export function listMap(...keys: readonly string[]): Record<string, unknown> {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
}

/**
 * A string's pattern as a rule, so that the API server answers with `message` instead of the bare expression.
 * The generator leaves out the `pattern` that the rule repeats. `and` is one more demand on the same string.
 */
export function matches(
  pattern: RegExp,
  message: string,
  { subject = 'self', and }: { readonly subject?: string; readonly and?: string } = {},
): CelRule {
  const rule = `${subject}.matches(r'${pattern.source.replaceAll('\\/', '/')}')`;
  return { rule: and === undefined ? rule : `${rule} && ${and}`, message };
}

const DURATION = /^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$/;

export const durationRule: CelRule = matches(
  DURATION,
  'must be above zero, in hours, minutes and seconds, such as 90s, 5m or 1h30m, and at most 999999h',
  { and: "duration(self) > duration('0s')" },
);

/** A Go duration of hours, minutes and seconds: 90s, 5m, 1h30m. Above zero where the API server checks it. */
export const durationSchema = z.string().max(32).regex(DURATION).min(2).meta(cel(durationRule));

/** Milliseconds of a duration that durationSchema accepts. */
export function durationMs(duration: string): number {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  const [hours, minutes, seconds] = [parts?.[1], parts?.[2], parts?.[3]].map((part) => Number(part ?? 0));
  return ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000;
}

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** The name of an object in the same namespace. */
export const nameReferenceSchema = z
  .string()
  .min(1)
  .max(253)
  .regex(NAME)
  .meta(
    cel(
      matches(
        NAME,
        'must be the name of a Kubernetes object: lower-case letters, digits, "-" and ".", with a letter or digit at both ends',
      ),
    ),
  );

export const conditionSchema = z
  .strictObject({
    type: z.string().max(316).describe('What the condition is about.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
    observedGeneration: z
      .int()
      .optional()
      .describe('metadata.generation of the spec that the condition was found for.'),
    lastTransitionTime: z.iso.datetime().describe('When the status last changed.'),
    reason: z.string().max(1024).describe('One word for the cause, for programs.'),
    message: z.string().max(32768).describe('What is the matter, where, and what to do, for people.'),
  })
  .describe('One aspect of the state, in the form that kubectl wait and kstatus read.');
export type Condition = Readonly<z.infer<typeof conditionSchema>>;

/** registry:port/path/name:tag@digest, of which all but the name may be absent. */
const IMAGE =
  /^(([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@[a-z0-9+._-]+:[0-9A-Fa-f]+)?$/;

export const imageSchema = z
  .string()
  .min(1)
  .max(512)
  .regex(IMAGE)
  .meta(
    cel(
      matches(
        IMAGE,
        'must be an image reference such as registry.example.com/windlass-runtime:0.1.0 or name@sha256:<digest>, with no spaces',
      ),
    ),
  );
