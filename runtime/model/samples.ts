import type { Manifest } from '#contract/model-manifest.ts';
import type { Samples } from '#runtime/engine/probe.ts';
import type { Session } from '#runtime/engine/session.ts';
import { elementCount, emptyTensor, type Tensor } from '#runtime/engine/tensor.ts';
import type { Problem } from '#runtime/protocol/errors.ts';
import { sampleRequests } from './example.ts';
import type { GoldenRequests } from './golden-pictures.ts';
import { compileUnchecked } from './self-test.ts';

/**
 * Rows to time a model with, at least and at most: equal ones flatter a forest, whose way through memory is then known
 * to the caches and the branch predictor. Rows of many elements are as slow whatever they hold.
 */
const FEWEST_SAMPLES = 8;
const MOST_SAMPLES = 512;
const SAMPLED_ELEMENTS = 64 * 1024;

/** Of one request, a run never holds more rows and, over all inputs, elements. */
const MOST_OWN_ROWS = 1024;
const MOST_OWN_ELEMENTS = 256 * 1024;

/** Most rows of a run of one request's own rows, whose size is to be found by timing. */
export function mostOwnRows(manifest: Manifest): number {
  return Math.min(MOST_OWN_ROWS, Math.floor(MOST_OWN_ELEMENTS / elementsPerRow(manifest)));
}

/** Elements of a row; a size that is open counts as 1. */
function elementsPerRow({ inputs }: Manifest): number {
  const counts = inputs.map(({ shape }) => elementCount(shape.slice(1).map((dim) => dim ?? 1)));
  return Math.max(
    1,
    counts.reduce((sum, count) => sum + count, 0),
  );
}

/** Rows to try merging with; undefined where a first dimension is fixed, or the samples differ in shape. */
export function mergeableSamples(
  manifest: Manifest,
  golden: GoldenRequests | undefined,
  session: Session,
): Samples | undefined {
  const open =
    manifest.inputs.every(({ shape }) => shape[0] === null) &&
    session.outputs.every(({ shape }) => shape.length === 0 || shape[0] === null);
  if (!open) return undefined;
  const features = compileUnchecked(manifest.inputs, session, true);
  const fitting = Math.floor(SAMPLED_ELEMENTS / elementsPerRow(manifest));
  const count = Math.min(MOST_SAMPLES, Math.max(FEWEST_SAMPLES, fitting));
  const rows = sampleRequests(manifest.inputs, golden, { count, merging: true }).map((request) =>
    features.read(request, [], []),
  );
  const shapes = features.shapes(rows[0] ?? []);
  return {
    count: rows.length,
    shapes,
    fill: (inputs, at, row) =>
      features.write(
        rows[row] ?? [],
        inputs.map(({ data }) => data),
        at,
      ),
  };
}

/** The inputs of one run of a model whose rows do not merge; undefined where its sizes leave nothing to make up. */
export function wholeSample(
  manifest: Manifest,
  golden: GoldenRequests | undefined,
  session: Session,
): (() => readonly Tensor[]) | undefined {
  const features = compileUnchecked(manifest.inputs, session, false);
  const [request] = sampleRequests(manifest.inputs, golden, { count: 1, merging: false });
  const problems: Problem[] = [];
  const row = features.read(request, [], problems);
  if (problems.length > 0) return undefined;
  const { dims } = features.shapes(row);
  return () => {
    const inputs = session.inputs.map(({ type }, index) => emptyTensor(type, dims[index] ?? []));
    features.write(
      row,
      inputs.map(({ data }) => data),
      0,
    );
    return inputs;
  };
}
