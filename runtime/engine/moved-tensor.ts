import type { Transferable } from 'node:worker_threads';
import type { Tensor } from './tensor.ts';

/**
 * The memory of tensors that moves to another thread with a message instead of being copied; afterwards it is gone here.
 * Strings have none: they are copied.
 */
export function buffersOf(tensors: readonly Tensor[]): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors) {
    if (!Array.isArray(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}

/** What a worker thread sends back of its inputs: memory to be used again, and nothing for strings. */
export type Returned = Tensor | undefined;

export function withoutStrings(tensors: readonly Tensor[]): readonly Returned[] {
  return tensors.map((tensor) => (Array.isArray(tensor.data) ? undefined : tensor));
}

/** The tensors as they were sent: moved ones from what came back, strings as they stayed here. */
export function reunite(sent: readonly Tensor[], returned: readonly Returned[]): readonly Tensor[] {
  return sent.map((tensor, index) => returned[index] ?? tensor);
}
