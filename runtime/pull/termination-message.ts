import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Failure } from '#contract/failure.ts';

/** Where the kubelet reads why a container ended. */
export const TERMINATION_FILE = '/dev/termination-log';

/** Writes the message, or with undefined empties it. Only where the file is there: run by hand, there is none. */
export async function writeTerminationMessage(
  failure: Failure | undefined,
  path = TERMINATION_FILE,
): Promise<void> {
  try {
    await using file = await open(path, constants.O_WRONLY | constants.O_TRUNC);
    if (failure !== undefined) await file.writeFile(JSON.stringify(failure));
  } catch {
    // No kubelet: the log says it.
  }
}
