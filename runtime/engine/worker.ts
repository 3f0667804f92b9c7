import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { buffersOf, withoutStrings } from './moved-tensor.ts';
import { compileRun, errorText, loadNative, type NativeSession, type Run } from './native.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './worker-messages.ts';

// The program of a worker thread: it has a session of its own and runs one batch after the other.

/** Where the CPU is short, requests are read and health checks answered first: a batch only gets later for it. */
const NICENESS = 5;

function yieldToMainThread(): void {
  try {
    // Linux has priorities per thread; threads that ONNX Runtime starts from this one inherit it.
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, NICENESS);
  } catch {
    // Not Linux, or not allowed: the threads share as equals.
  }
}

function open({ spec, inputs, outputs }: WorkerSetup): {
  readonly session: NativeSession;
  readonly run: Run;
} {
  const session = loadNative(spec);
  return { session, run: compileRun(session, inputs, outputs) };
}

function answer(run: Run, { inputs }: Extract<WorkerRequest, { kind: 'run' }>): void {
  const returned = withoutStrings(inputs);
  const start = performance.now();
  try {
    const outputs = run(inputs);
    const ms = performance.now() - start;
    send({ kind: 'answered', outputs, returned, ms }, [...buffersOf(outputs), ...buffersOf(inputs)]);
  } catch (error) {
    send({ kind: 'refused', message: errorText(error), returned }, buffersOf(inputs));
  }
}

function send(reply: WorkerReply, moved: ReturnType<typeof buffersOf> = []): void {
  parentPort?.postMessage(reply, moved);
}

function serve(setup: WorkerSetup): void {
  yieldToMainThread();
  let opened: ReturnType<typeof open>;
  try {
    opened = open(setup);
  } catch (error) {
    return send({ kind: 'failed', message: errorText(error) });
  }
  parentPort?.on('message', (request: WorkerRequest) => {
    if (request.kind === 'run') return answer(opened.run, request);
    opened.session.dispose();
    parentPort?.close();
  });
  send({ kind: 'ready' });
}

serve(workerData as WorkerSetup);
