import type { NamedType, SessionSpec } from './native.ts';
import type { Returned } from './moved-tensor.ts';
import type { Tensor } from './tensor.ts';

/** What a worker thread is started with. */
export interface WorkerSetup {
  readonly spec: SessionSpec;
  readonly inputs: readonly NamedType[];
  readonly outputs: readonly NamedType[];
}

/** To the worker: a batch, whose memory moves; or the end. */
export type WorkerRequest =
  { readonly kind: 'run'; readonly inputs: readonly Tensor[] } | { readonly kind: 'close' };

/** From the worker: once when its session is open, then one per batch. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'answered';
      readonly outputs: readonly Tensor[];
      readonly returned: readonly Returned[];
      readonly ms: number;
    }
  /** ONNX Runtime refuses these inputs. */
  | { readonly kind: 'refused'; readonly message: string; readonly returned: readonly Returned[] };
