import { CallerGone, ModelError } from '#runtime/engine/job.ts';
import { EngineError } from '#runtime/engine/lane.ts';
import { RequestError } from '#runtime/protocol/errors.ts';

/** What a failed run means to the caller; undefined for a fault of the program. */
export function runProblem(error: unknown): RequestError | undefined {
  if (error instanceof ModelError) {
    const message = `the model refuses this input: ${error.message.slice(0, 500)}`;
    return new RequestError(422, 'InputRefusedByModel', message, { cause: error });
  }
  if (error instanceof EngineError) {
    return new RequestError(503, 'ModelUnavailable', `the model cannot run: ${error.message}; ask again`, {
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }
  // Nobody reads this; nginx's status for the metrics.
  if (error instanceof CallerGone) return new RequestError(499, 'ClientClosedRequest', error.message);
  return undefined;
}
