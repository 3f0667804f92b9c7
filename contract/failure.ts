import { z } from 'zod';

/**
 * Why a revision cannot serve. Artifact code throws these, `runtime` writes them as a container's termination
 * message, and the operator shows them as the reason of a condition.
 */
export const FAILURE_REASONS = [
  'NotFound',
  'AccessDenied',
  'SourceUnavailable',
  'DigestMismatch',
  'InvalidManifest',
  'UnsafeModel',
  'SchemaIncompatible',
  'PullFailed',
  'ImagePullFailed',
  'Unschedulable',
  'QuotaExceeded',
  'OutOfMemory',
  'LoadFailed',
  'CrashLoop',
  'CheckFailed',
  'DeadlineExceeded',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** `message` says what, where, the value and the limit, and what to do. At most 2,000 characters. */
export const failureSchema = z.strictObject({
  reason: z.enum(FAILURE_REASONS),
  message: z.string().max(2000),
});
export type Failure = Readonly<z.infer<typeof failureSchema>>;

/** The error that carries a Failure through code that throws. `transient` ones are worth another try. */
export class FailureError extends Error {
  readonly reason: FailureReason;
  readonly transient: boolean;
  constructor(
    reason: FailureReason,
    message: string,
    options: { cause?: unknown; transient?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'FailureError';
    this.reason = reason;
    this.transient = options.transient ?? reason === 'SourceUnavailable';
  }
  toFailure(): Failure {
    return { reason: this.reason, message: this.message.slice(0, 2000) };
  }
}

/** Reads a termination message; undefined when it is not one of ours (a crash's last log lines, or nothing). */
export function parseTerminationMessage(text: string | undefined): Failure | undefined {
  if (text === undefined || !text.startsWith('{')) return undefined;
  try {
    return failureSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
