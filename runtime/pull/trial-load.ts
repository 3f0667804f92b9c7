import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from '#artifact/index.ts';
import type { PullConfig } from '#contract/programs.ts';
import { FailureError, parseTerminationMessage } from '#contract/failure.ts';
import { peakMemory, TRIAL_LOAD_VARIABLE } from './trial-child.ts';

export interface TrialLoad {
  /** The .onnx file. */
  readonly graph: string;
  /** As messages call it. */
  readonly name: string;
  /** Program and arguments; see `trialLoadCommand`. */
  readonly command: readonly string[];
  readonly memoryLimitBytes: number | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 300_000;
/** How often the child's memory is looked at. */
const WATCH_MS = 25;

/** This program once more, whether it runs from its sources or bundled; it finds what to do in TRIAL_LOAD_VARIABLE. */
export function trialLoadCommand(config: PullConfig): readonly string[] {
  return [
    process.execPath,
    ...process.execArgv,
    process.argv[1] ?? '',
    'pull',
    '--config',
    JSON.stringify(config),
  ];
}

/**
 * Loads a graph in a process of its own and gives the peak of that process's memory in bytes. Throws OutOfMemory when it
 * needs more than the limit or is killed for it, LoadFailed when ONNX Runtime refuses the graph.
 */
export async function trialLoad(options: TrialLoad): Promise<number> {
  const { graph, name, command, memoryLimitBytes, signal } = options;
  const [program = process.execPath, ...args] = command;
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const child = spawn(program, args, {
    env: { ...process.env, [TRIAL_LOAD_VARIABLE]: graph },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    killSignal: 'SIGKILL',
  });
  const ended = Promise.withResolvers<{ readonly code: number | null; readonly by: string | null }>();
  let spawnError: unknown;
  child.on('error', (error) => {
    spawnError = error;
  });
  child.on('close', (code, by) => ended.resolve({ code, by }));
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  const watch = watchMemory(child.pid, memoryLimitBytes, () => child.kill('SIGKILL'));
  const { code, by } = await ended.promise;
  const peak = Math.max(await watch.stop(), reportedPeak(output()));

  if (signal.aborted) throw signal.reason;
  const limit =
    memoryLimitBytes === undefined
      ? 'the memory of the machine'
      : `the limit of ${formatBytes(memoryLimitBytes)}`;
  const advice = 'Raise spec.serving.resources.limits.memory, or make the model smaller.';
  if (memoryLimitBytes !== undefined && peak > memoryLimitBytes) {
    throw new FailureError(
      'OutOfMemory',
      `${name} takes ${formatBytes(peak)} of memory to load, over ${limit}. ${advice}`,
    );
  }
  if (code === 0) return peak;
  const timedOut = spawnError instanceof Error && spawnError.name === 'AbortError';
  if (timedOut) {
    throw new FailureError(
      'LoadFailed',
      `${name} did not load within ${timeoutMs / 1000} s. Give the pod more CPU, or make the model smaller.`,
    );
  }
  const isOutOfMemory =
    by === 'SIGKILL' || /bad_alloc|out of memory|Cannot allocate memory/i.test(errors() + output());
  if (isOutOfMemory) {
    throw new FailureError(
      'OutOfMemory',
      `${name} was stopped while it loaded, at ${formatBytes(peak)} of memory; it does not fit into ${limit}. ${advice}`,
    );
  }
  const failure = parseTerminationMessage(output().trim().split('\n').at(-1));
  if (failure !== undefined) throw new FailureError(failure.reason, failure.message);
  const lines = errors()
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  throw new FailureError(
    'LoadFailed',
    `ONNX Runtime could not load ${name}: the trial load ended with ${by ?? `exit code ${code}`}. ${(lines.at(-1) ?? '').slice(0, 300)} Export the model again, and load it once with onnxruntime before you upload it.`,
  );
}

function reportedPeak(output: string): number {
  const [, bytes] = /\{"peakBytes":(\d+)\}/.exec(output) ?? [];
  return Number(bytes ?? 0);
}

/** The last 16 KiB of what a stream brings. */
function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    text = (text + part).slice(-16_384);
  });
  return () => text;
}

/** Follows a process's peak, and calls `onOver` when it passes the limit, before the kernel ends the container. */
function watchMemory(pid: number | undefined, limit: number | undefined, onOver: () => void) {
  const stop = new AbortController();
  let peak = 0;
  const watching = (async () => {
    if (pid === undefined) return;
    while (!stop.signal.aborted) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      peak = Math.max(peak, peakMemory(status));
      if (limit !== undefined && peak > limit) onOver();
      await sleep(WATCH_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      stop.abort();
      await watching;
      return peak;
    },
  };
}
