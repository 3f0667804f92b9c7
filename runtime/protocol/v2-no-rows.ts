import type { GraphValue } from '#runtime/engine/session.ts';
import { allocate, type Tensor } from '#runtime/engine/tensor.ts';
import type { V2Input, V2Request } from './v2-request.ts';

interface Described {
  readonly inputs: readonly V2Input[];
  readonly outputs: readonly GraphValue[];
  readonly seenDims?: readonly (readonly number[])[];
}

/**
 * The outputs for no rows, without a run, which some operators take badly. A size that the graph leaves open is the
 * request's, where an input's dimension has the same name; else what a run at the start has shown, where no input could
 * have changed it; else 0.
 */
export function noRows(model: Described, { tensors }: V2Request): readonly Tensor[] {
  const sizes = new Map<string, number>();
  for (const [input, { symbols = [] }] of model.inputs.entries()) {
    for (const [axis, symbol] of symbols.entries()) {
      const size = tensors[input]?.dims[axis];
      if (symbol !== '' && size !== undefined) sizes.set(symbol, size);
    }
  }
  const open = model.inputs.some(({ shape }) => shape.slice(1).includes(null));
  return model.outputs.map(({ type, shape, symbols = [] }, output) => {
    const seen = model.seenDims?.[output] ?? [];
    const dims = shape.length === 0 ? seen.map(() => null) : shape;
    const sizeOf = (dim: number | null, axis: number): number =>
      dim ?? sizes.get(symbols[axis] ?? '') ?? (open ? 0 : (seen[axis] ?? 0));
    return {
      type,
      dims: dims.map((dim, axis) => (axis === 0 ? 0 : sizeOf(dim, axis))),
      data: allocate(type, 0),
    };
  });
}
