import { type Failure, failureSchema } from '#contract/failure.ts';
import { type Resolution, resolutionSchema } from './resolve.ts';

const RESOLUTION = 'windlass-resolution: ';
const FAILURE = 'windlass-failure: ';

export type ResolveOutcome =
  | { readonly kind: 'resolved'; readonly resolution: Resolution }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** The one line in which `runtime resolve` says what came of it. */
export function formatResolveLog(outcome: ResolveOutcome): string {
  return outcome.kind === 'resolved'
    ? RESOLUTION + JSON.stringify(outcome.resolution)
    : FAILURE + JSON.stringify(outcome.failure);
}

/** Reads the log of a resolve Job; undefined where no line says what came of it. Throws for a line of another version. */
export function parseResolveLog(log: string): ResolveOutcome | undefined {
  for (const line of log.split('\n').toReversed()) {
    if (line.startsWith(RESOLUTION)) {
      return {
        kind: 'resolved',
        resolution: resolutionSchema.parse(JSON.parse(line.slice(RESOLUTION.length))),
      };
    }
    if (line.startsWith(FAILURE)) {
      return { kind: 'failed', failure: failureSchema.parse(JSON.parse(line.slice(FAILURE.length))) };
    }
  }
  return undefined;
}
