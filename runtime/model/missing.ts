import type { Manifest, Reference } from '#contract/model-manifest.ts';
import type { Graph } from '#runtime/engine/session.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';

/** A feature that is missing more often than in training. Shares are of all rows. */
export interface MissingFeature {
  readonly feature: string;
  readonly share: number;
  /** In the bundle's reference; undefined where it has none for this feature. */
  readonly training: number | undefined;
  readonly rows: number;
}

interface Column {
  readonly index: number;
  readonly feature: string;
  readonly training: number | undefined;
  missing: number;
  quietUntilMs: number;
}

/** Missing this much more often than in training is worth a line. */
const MARGIN = 0.05;
const FEWEST_ROWS = 100;
/** One line per feature in so long. */
const QUIET_MS = 600_000;

/** Counts missing values as rows are answered: a client that stops to send a feature is otherwise heard of by nobody. */
export class MissingFeatures {
  readonly #columns: Column[];
  #rows = 0;

  constructor(inputs: Manifest['inputs'], reference: Reference | undefined, graph: Graph) {
    this.#columns = inputs.flatMap(({ name, type, shape, required }) => {
      const single = shape.length === 2 && shape[0] === null && shape[1] === 1;
      const mayMiss = !required && (type === 'string' || type === 'float32' || type === 'float64');
      if (!single || !mayMiss) return [];
      const index = graph.inputs.findIndex((value) => value.name === name);
      const bins = reference?.features[name];
      const training =
        bins === undefined || reference === undefined ? undefined : bins.missing / reference.rows;
      return index < 0 ? [] : [{ index, feature: name, training, missing: 0, quietUntilMs: 0 }];
    });
  }

  observe(inputs: readonly Tensor[], rows: number): void {
    this.#rows += rows;
    for (const column of this.#columns) {
      const data = inputs[column.index]?.data;
      if (data === undefined) continue;
      for (let row = 0; row < rows; row++) {
        const value = data[row];
        if (value === '' || Number.isNaN(value)) column.missing++;
      }
    }
  }

  /** What is worth a line since the last look; small samples are kept for the next. */
  look(nowMs: number): readonly MissingFeature[] {
    const rows = this.#rows;
    if (rows < FEWEST_ROWS) return [];
    this.#rows = 0;
    return this.#columns.flatMap((column) => {
      const { feature, training } = column;
      const share = column.missing / rows;
      column.missing = 0;
      if (share <= (training ?? 0) + MARGIN || nowMs < column.quietUntilMs) return [];
      column.quietUntilMs = nowMs + QUIET_MS;
      return [{ feature, share, training, rows }];
    });
  }
}

/** For the log. */
export function missingText({ feature, share, training, rows }: MissingFeature): string {
  const usual = training === undefined ? '' : `, in training in ${percent(training)}`;
  return `feature "${feature}" is missing in ${percent(share)} of the last ${rows} rows${usual}; the model answers with its own stand-in: see whether a client has stopped sending it`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
