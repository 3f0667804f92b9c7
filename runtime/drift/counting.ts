import type { TensorType } from '#contract/model-manifest.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import { numericBin, type BinLayout, type CategoricalLayout } from './bins.ts';

/** Which value of a row is counted: the row's only one, a column of several, or the greatest. */
export type Pick =
  { readonly kind: 'column'; readonly index: number | 'last' } | { readonly kind: 'greatest' };

/** Raises a bin's counter for each of a tensor's rows; `at` is the first of this feature's counters. */
export type CountValues = (counters: Uint32Array, at: number, tensor: Tensor) => void;

export interface CountedTensor {
  readonly type: TensorType;
  /** The first dimension counts rows; otherwise the whole tensor is one. */
  readonly batched: boolean;
  readonly pick: Pick;
}

/**
 * Compiles how a feature's values are counted. A tensor's elements are read in a plain loop without allocation: this
 * runs for every row that the model answers.
 */
export function compileCounting(layout: BinLayout, { type, batched, pick }: CountedTensor): CountValues {
  if (layout.kind === 'numeric') {
    const { edges } = layout;
    return pick.kind === 'greatest' ? countGreatest(edges, batched) : countColumn(edges, batched, pick.index);
  }
  return type === 'string' ? countTexts(layout) : countCodes(layout);
}

/** How many elements a row has. */
function widthOf({ data, dims }: Tensor, batched: boolean): number {
  const rows = batched ? (dims[0] ?? 1) : 1;
  return Math.max(1, Math.floor(data.length / rows));
}

function countColumn(edges: Float64Array, batched: boolean, index: number | 'last'): CountValues {
  return (counters, at, tensor) => {
    const { data } = tensor;
    const width = widthOf(tensor, batched);
    const column = index === 'last' ? width - 1 : index;
    for (let i = column; i < data.length; i += width) {
      const bin = at + numericBin(edges, Number(data[i]));
      counters[bin] = (counters[bin] as number) + 1;
    }
  };
}

function countGreatest(edges: Float64Array, batched: boolean): CountValues {
  return (counters, at, tensor) => {
    const { data } = tensor;
    const width = widthOf(tensor, batched);
    for (let from = 0; from < data.length; from += width) {
      let greatest = Number(data[from]);
      for (let i = from + 1; i < from + width; i++) greatest = Math.max(greatest, Number(data[i]));
      const bin = at + numericBin(edges, greatest);
      counters[bin] = (counters[bin] as number) + 1;
    }
  };
}

/** Texts: '' is missing. */
function countTexts({ categories }: CategoricalLayout): CountValues {
  const other = categories.length;
  const bins = new Map<unknown, number>(categories.map((category, index) => [category, index]));
  bins.set('', other + 1);
  return (counters, at, { data }) => {
    for (let i = 0; i < data.length; i++) {
      const bin = at + (bins.get(data[i]) ?? other);
      counters[bin] = (counters[bin] as number) + 1;
    }
  };
}

/** Numbers that are names of categories: `2` is the category "2"; NaN is missing. */
function countCodes({ categories }: CategoricalLayout): CountValues {
  const other = categories.length;
  const codes = categories.map((category, index) => [Number(category), index] as const);
  const bins = new Map(codes.filter(([code]) => !Number.isNaN(code)));
  bins.set(NaN, other + 1);
  return (counters, at, { data }) => {
    for (let i = 0; i < data.length; i++) {
      const bin = at + (bins.get(Number(data[i])) ?? other);
      counters[bin] = (counters[bin] as number) + 1;
    }
  };
}
