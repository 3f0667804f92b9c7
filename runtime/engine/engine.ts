import type { Lane } from './lane.ts';
import type { Graph, Session } from './session.ts';

/** The part of a worker thread that batches need. */
export type BatchLane = Pick<Lane, 'idle' | 'crashed' | 'tensors' | 'run' | 'keep' | 'close'>;

/** What runs a model: a session of this thread, or worker threads that each have one. */
export type Engine =
  | { readonly kind: 'inline'; readonly session: Session }
  | { readonly kind: 'workers'; readonly lanes: readonly BatchLane[]; readonly graph: Graph };

/** Ends the threads and frees the sessions; a batch that runs is finished first. */
export async function closeEngine(engine: Engine): Promise<void> {
  if (engine.kind === 'inline') engine.session.release();
  else await Promise.all(engine.lanes.map((lane) => lane.close()));
}
