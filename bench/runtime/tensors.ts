import { InferenceSession, Tensor } from 'onnxruntime-node';

export type Feeds = Readonly<Record<string, Tensor>>;

/** A V2 request as JSON has it, as far as the benchmarks' requests go. */
export interface InferRequest {
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly data: readonly number[];
  }[];
}

/** A row of the churn model: named features. */
export type NamedRow = Readonly<Record<string, number | string | null>>;

/** ONNX Runtime through its public face, on one thread, as a program that uses it would open it. */
export function openPublicSession(path: string): Promise<InferenceSession> {
  return InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

/** Each feature as a column [N, 1]; a missing number is NaN. */
export function feedsOfRows(rows: readonly NamedRow[], names: readonly string[]): Feeds {
  const feeds: Record<string, Tensor> = {};
  for (const name of names) {
    const column = rows.map((row) => row[name] ?? Number.NaN);
    feeds[name] =
      typeof column[0] === 'string'
        ? new Tensor('string', column.map(String), [rows.length, 1])
        : new Tensor('float32', Float32Array.from(column, Number), [rows.length, 1]);
  }
  return feeds;
}

export function feedsOfRequest({ inputs }: InferRequest): Feeds {
  return Object.fromEntries(
    inputs.map(({ name, shape, data }) => [name, new Tensor('float32', Float32Array.from(data), shape)]),
  );
}

/** An output's numbers. */
export function numbersOf(tensor: { readonly data: unknown } | undefined): readonly number[] {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError('the graph gave no float32 output');
  return [...tensor.data];
}
