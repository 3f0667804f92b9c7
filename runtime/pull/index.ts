/** `runtime pull`: the init container that brings a revision's files into the pod, verified, and tries to load them. */
import type { PullConfig } from '#contract/programs.ts';
import type { PullOptions } from './init.ts';
import { runTrialLoad, TRIAL_LOAD_VARIABLE } from './trial-child.ts';

export type { PullOptions } from './init.ts';
export { podAddresses } from './pod-addresses.ts';

/**
 * Runs the init container; gives its exit code. A failure is in the log and in the termination message. In the process
 * of a trial load nothing but ONNX Runtime is imported, so that its memory is the model's.
 */
export async function runPull(config: PullConfig, options: PullOptions = {}): Promise<number> {
  const trial = (options.environment ?? process.env)[TRIAL_LOAD_VARIABLE];
  if (trial !== undefined) return runTrialLoad(trial);
  const { runInit } = await import('./init.ts');
  return runInit(config, options);
}
