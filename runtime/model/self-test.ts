import { FailureError } from '#contract/failure.ts';
import type { ModelInput } from '#contract/model-manifest.ts';
import type { Session } from '#runtime/engine/session.ts';
import { emptyTensor, type Tensor } from '#runtime/engine/tensor.ts';
import { pathText, type Problem } from '#runtime/protocol/errors.ts';
import { compileFeatures, type FeatureReader } from '#runtime/protocol/features.ts';
import type { Nested } from '#runtime/protocol/nested.ts';
import type { GoldenRequests } from './golden-pictures.ts';

/**
 * Asks the model for its golden answers, each alone. Throws CheckFailed with the first that differs.
 * Golden requests test the graph, missing and unknown values included, so the checks of a caller's request do not apply.
 */
export function checkGolden(
  golden: GoldenRequests,
  inputs: readonly ModelInput[],
  session: Session,
  merging: boolean,
): void {
  const features = compileUnchecked(inputs, session, merging);
  for (const [row, { input, output }] of golden.rows.entries()) {
    const answer = runAlone(session, features, merging, input, row);
    for (const [name, expected] of Object.entries(output)) {
      const problem = difference(session, answer, name, expected, golden.tolerance);
      if (problem !== undefined) {
        throw new FailureError(
          'CheckFailed',
          `golden answer ${row + 1} of ${golden.rows.length} is not reproduced: ${problem}. Request: ${JSON.stringify(input).slice(0, 600)}. Write the bundle again with this ONNX Runtime, or find what changed in the graph.`,
        );
      }
    }
  }
}

/** A reader for requests that are trusted: any value of the right type, and every one may be missing. */
export function compileUnchecked(
  inputs: readonly ModelInput[],
  session: Session,
  merging: boolean,
): FeatureReader {
  const features = compileFeatures(
    inputs.map(({ name, type, shape }) => ({ name, type, shape, required: false, integer: false })),
    { order: session.inputs.map(({ name }) => name), merging, strict: false },
  );
  const picture = inputs.find(({ image }) => image !== undefined)?.name;
  if (picture === undefined) return features;
  // Pictures come as tensors already.
  return {
    ...features,
    read(request) {
      const { dims, data } = (request as Readonly<Record<string, Nested>>)[picture] ?? { dims: [], data: [] };
      return [{ dims: merging ? dims : [1, ...dims], data }];
    },
  };
}

function runAlone(
  session: Session,
  features: FeatureReader,
  merging: boolean,
  request: unknown,
  row: number,
): readonly Tensor[] {
  const problems: Problem[] = [];
  const cells = features.read(request, [], problems);
  const [problem] = problems;
  if (problem !== undefined) {
    throw new FailureError(
      'InvalidManifest',
      `golden request ${row}: ${pathText(problem.path)} ${problem.message}; write golden.json again`,
    );
  }
  const { dims } = features.shapes(cells);
  const inputs = session.inputs.map(({ type }, index) =>
    emptyTensor(type, merging ? [1, ...(dims[index] ?? [])] : (dims[index] ?? [])),
  );
  features.write(
    cells,
    inputs.map(({ data }) => data),
    0,
  );
  try {
    return session.run(inputs);
  } catch (cause) {
    throw new FailureError('CheckFailed', `golden request ${row} fails in ONNX Runtime: ${String(cause)}`, {
      cause,
    });
  }
}

function difference(
  session: Session,
  answer: readonly Tensor[],
  name: string,
  expected: readonly (string | number | boolean)[],
  tolerance: number,
): string | undefined {
  const tensor = answer[session.outputs.findIndex((output) => output.name === name)];
  if (tensor === undefined) return `the graph has no output "${name}"`;
  if (tensor.data.length !== expected.length) {
    return `output "${name}" has ${tensor.data.length} values, expected ${expected.length}`;
  }
  for (const [index, wanted] of expected.entries()) {
    const got = tensor.data[index];
    const near =
      typeof wanted === 'string' ? got === wanted : Math.abs(Number(got) - Number(wanted)) <= tolerance;
    if (!near) {
      return `output "${name}"[${index}] is ${String(got)}, expected ${wanted} within ${tolerance}`;
    }
  }
  return undefined;
}
