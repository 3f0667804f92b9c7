import { InvalidArgumentError } from 'commander';
import { durationMs, durationSchema } from '#operator/api/schema.ts';

/** The options of every command that speaks to a cluster. */
export interface GlobalOptions {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

export type OutputFormat = 'json' | 'yaml' | 'wide';

/** A duration such as 90s or 5m, in milliseconds. */
export function parseDuration(text: string): number {
  if (!durationSchema.safeParse(text).success) {
    throw new InvalidArgumentError('Write a duration such as 90s, 5m or 1h30m.');
  }
  return durationMs(text);
}

/** A step of a rollout: 0 is what comes before the first one. */
export function parseStep(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError('Write a step’s number, as status shows it.');
  return Number(text);
}
