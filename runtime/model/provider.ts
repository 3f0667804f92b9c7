import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FailureError } from '#contract/failure.ts';
import type { ExecutionProvider } from '#contract/programs.ts';
import { describeNodes, type ProviderNodes } from '#runtime/engine/nodes.ts';
import type { SessionSpec } from '#runtime/engine/native.ts';
import type { Session } from '#runtime/engine/session.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';

/** What was asked to run a graph, and what does: for the log and GET /model/info. */
export interface ProviderReport {
  readonly executionProvider: ExecutionProvider;
  /** undefined where the graph could not be tried, or there is nowhere to write a profile. */
  readonly nodes: readonly ProviderNodes[] | undefined;
  readonly text: string;
}

const CUDA = 'CUDAExecutionProvider';

/** A session's setting for a profile, which ONNX Runtime writes to a file; none where that cannot be. */
export function profileSetting(folder: string = tmpdir()): Pick<SessionSpec, 'profile'> {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return {};
  }
  return { profile: join(folder, `windlass-${process.pid}-profile`) };
}

/**
 * Runs a sample and looks which provider ran which node. Throws LoadFailed where CUDA was asked for and runs none: the
 * model would be served by the CPU, with a GPU that nobody else may use.
 */
export function reportProvider(
  executionProvider: ExecutionProvider,
  session: Session,
  sample: (() => readonly Tensor[]) | undefined,
): ProviderReport {
  const nodes = nodesOf(session, sample);
  if (nodes === undefined) {
    return { executionProvider, nodes, text: 'not known: the graph could not be tried with a made-up row' };
  }
  const text = describeNodes(nodes);
  if (executionProvider === 'cuda' && !nodes.some(({ provider }) => provider === CUDA)) {
    throw new FailureError(
      'LoadFailed',
      `executionProvider cuda was asked for, and CUDA has no kernel for any node of this graph: ${text}. Take executionProvider: cuda out to serve it from the CPU.`,
    );
  }
  return { executionProvider, nodes, text };
}

function nodesOf(
  session: Session,
  sample: (() => readonly Tensor[]) | undefined,
): readonly ProviderNodes[] | undefined {
  let ran = false;
  try {
    if (sample !== undefined) session.run(sample());
    ran = sample !== undefined;
  } catch {
    // The model refuses a made-up row, as it may; the profile is ended all the same.
  }
  try {
    const nodes = session.endProfile();
    return ran && nodes.length > 0 ? nodes : undefined;
  } catch {
    return undefined;
  }
}
