import { truncateSync, writeFileSync } from 'node:fs';
import type { Failure } from '#contract/failure.ts';

/**
 * The container's termination message. A process that a crash in native code or the kernel ends cannot write one any
 * more, so it is written ahead, and taken back when the process ends by itself.
 */
export class TerminationMessage {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  write(failure: Failure): void {
    this.#put(JSON.stringify({ ...failure, message: failure.message.slice(0, 2000) }));
  }

  clear(): void {
    this.#put('');
  }

  /** The kubelet makes this file; where there is none, nobody reads it. */
  #put(text: string): void {
    try {
      truncateSync(this.#path);
      writeFileSync(this.#path, text, { flag: 'r+' });
    } catch {
      // Not in a container, or without a file: the log has the cause.
    }
  }
}

/** Who the message is about. */
export interface Serving {
  readonly model: string;
  readonly revision: string;
}

/** In case that loading ends the process: a graph may crash ONNX Runtime. */
export function diedLoading({ model, revision }: Serving): Failure {
  return {
    reason: 'LoadFailed',
    message: `the runtime ended without a word while it loaded ${model} (revision ${revision}): ONNX Runtime crashed on this graph, or the process was killed. Try the model by hand with "runtime serve --model ...", and read the log of the container that ended (kubectl logs --previous).`,
  };
}

/** In case that a run ends it later. */
export function diedServing({ model, revision }: Serving): Failure {
  return {
    reason: 'CrashLoop',
    message: `the runtime ended without a word while it served ${model} (revision ${revision}): ONNX Runtime crashed in a run, the process ran out of JavaScript heap, or it was killed. The log of the container that ended (kubectl logs --previous) has what native code printed.`,
  };
}

/** A fault of the program itself; it has been logged. */
export function diedOf(error: unknown, { model, revision }: Serving): Failure {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    reason: 'CrashLoop',
    message: `the runtime that served ${model} (revision ${revision}) ended because of a fault of its own: ${text}. Its log has the stack.`,
  };
}
