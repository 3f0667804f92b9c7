import { parseFlags } from './flags.ts';
import type { Flags } from './flags.ts';
import { keepHeapSmall } from './heap.ts';
import { createLog } from './logging.ts';
import type { Log } from './logging.ts';
import { modelDeploymentReconcile } from './model-deployments.ts';
import { runOperator } from './run.ts';

/** Longer than work under way, events and the Lease need together; below the pod's grace period of 30 s. */
const STOP_WITHIN_MS = 20_000;
const WRONG_USAGE = 2;

keepHeapSmall();
const parsed = parseFlags(process.argv.slice(2), process.env);
if (parsed.kind === 'help') process.stdout.write(parsed.text);
else if (parsed.kind === 'wrong') {
  process.stderr.write(`${parsed.message}\n`);
  process.exitCode = WRONG_USAGE;
} else await run(parsed.flags, createLog(parsed.flags.logLevel));

async function run(flags: Flags, log: Log): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(stopping, log, signal));
  // State that nobody foresaw: a new process begins with none.
  process.on('uncaughtException', (error) => leave(log, error, 'an error that nobody caught'));
  process.on('unhandledRejection', (error) => leave(log, error, 'a rejection that nobody handled'));
  try {
    await runOperator({ flags, log, createReconcile: modelDeploymentReconcile }, stopping.signal);
    log.info({}, 'stopped');
    process.exit(0);
  } catch (error) {
    leave(log, error, 'the operator cannot run');
  }
}

function stop(stopping: AbortController, log: Log, signal: NodeJS.Signals): void {
  if (stopping.signal.aborted) process.exit(1);
  log.info({ signal }, 'stopping; the same signal again ends at once');
  stopping.abort(new Error(`stopped by ${signal}`));
  setTimeout(() => leave(log, undefined, `did not stop within ${String(STOP_WITHIN_MS)} ms`), STOP_WITHIN_MS);
}

function leave(log: Log, error: unknown, message: string): never {
  log.error({ error }, message);
  process.exit(1);
}
