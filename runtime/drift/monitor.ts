import type { ImageProperty } from '#contract/image-properties.ts';
import type { Manifest, Reference } from '#contract/model-manifest.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import { numericBin } from './bins.ts';
import { compileColumns, type Column, type Columns, type GraphValues, type NotCompared } from './columns.ts';
import { compare, type Comparison, type DriftRule } from '#contract/psi.ts';
import type { DriftSettings } from './settings.ts';
import { CountWindow } from '#contract/count-window.ts';

export interface DriftSource {
  readonly manifest: Manifest;
  readonly reference: Reference;
  readonly graph: GraphValues;
}

type PictureProperties = Readonly<Record<ImageProperty, number>>;

/** One column, its counts in the window, and what they say. */
export interface Reading {
  readonly column: Column;
  readonly now: Float64Array;
  readonly comparison: Comparison;
}

/** Counts the values of each run into the reference's bins, and compares them over a sliding window. */
export class DriftMonitor {
  readonly settings: DriftSettings;
  readonly referenceRows: number;
  readonly notCompared: readonly NotCompared[];
  readonly #columns: Columns;
  readonly #window: CountWindow;

  constructor(source: DriftSource, settings: DriftSettings, now: () => number = () => performance.now()) {
    this.settings = settings;
    this.referenceRows = source.reference.rows;
    this.#columns = compileColumns(source.manifest, source.reference, source.graph);
    this.notCompared = this.#columns.notCompared;
    const { counters } = this.#columns;
    this.#window = new CountWindow({ counters, windowMs: settings.windowSeconds * 1000, now });
  }

  /** What is compared: the features in the model's order, properties of pictures, then the prediction. */
  get compared(): readonly Column[] {
    return this.#columns.compared;
  }

  /** Counts a run that succeeded. The tensors are in the graph's order, and are not kept. */
  readonly observe = (inputs: readonly Tensor[], outputs: readonly Tensor[]): void => {
    const counters = this.#window.current();
    const { compared } = this.#columns;
    for (let i = 0; i < compared.length; i++) {
      const column = compared[i] as Column;
      if (column.role === 'picture') continue;
      const { role, tensor, count, at } = column;
      const values = role === 'input' ? inputs[tensor] : outputs[tensor];
      if (values !== undefined) count(counters, at, values);
    }
  };

  /** Counts pictures that were answered. */
  observePictures(pictures: readonly PictureProperties[]): void {
    const counters = this.#window.current();
    for (const column of this.#columns.compared) {
      if (column.role !== 'picture') continue;
      for (const properties of pictures) {
        const bin = column.at + numericBin(column.edges, properties[column.property]);
        counters[bin] = (counters[bin] as number) + 1;
      }
    }
  }

  /** How far each column has moved, in `compared`'s order. */
  readings(): readonly Reading[] {
    const counts = this.#window.counts();
    const rule: DriftRule = { ...this.settings, features: this.compared.length };
    return this.compared.map((column) => {
      const { layout } = column;
      const now = slice(counts, column);
      const categories = layout.kind === 'categorical' ? layout.categories.length : 0;
      return { column, now, comparison: compare({ reference: layout.reference, now, categories }, rule) };
    });
  }

  /** Rows since the start, by column and bin. */
  totals(): readonly { readonly column: Column; readonly counts: Float64Array }[] {
    const counts = this.#window.total();
    return this.compared.map((column) => ({ column, counts: slice(counts, column) }));
  }

  /** For how long it has counted. */
  countingMs(): number {
    return this.#window.sinceStartMs();
  }

  /** How far back the window reaches by now. */
  windowAgeMs(): number {
    return this.#window.ageMs();
  }
}

function slice(counts: Float64Array, { at, layout }: Column): Float64Array {
  return counts.subarray(at, at + layout.reference.length);
}
