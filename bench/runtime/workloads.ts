import type { PlannedRequest, Workload } from './load/index.ts';
import { seeded } from '#test/support/random.ts';
import { normal } from './random.ts';
import {
  feedsOfRequest,
  feedsOfRows,
  numbersOf,
  openPublicSession,
  type InferRequest,
  type NamedRow,
} from './tensors.ts';

/** Rows differ from request to request: equal rows would flatter a forest, whose path through memory is then warm. */
const DISTINCT = 2048;
const V2_PATH = '/v2/models/model/infer';
const JSON_TYPE = 'application/json';
const PIXELS = 3 * 224 * 224;

/** Customers of a made-up bank. A missing tenure is what JSON tensors cannot say: `complete` has none. */
function customers(count: number, tenures: 'some' | 'complete' = 'some'): readonly NamedRow[] {
  const random = seeded(3);
  const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)] ?? '';
  const within = (low: number, high: number): number => Math.floor(low + random() * (high - low + 1));
  return Array.from({ length: count }, () => ({
    CreditScore: within(350, 850),
    Geography: pick(['France', 'Spain', 'Germany']),
    Gender: pick(['Male', 'Female']),
    Age: within(18, 92),
    Tenure: tenures === 'some' && random() < 0.09 ? null : within(0, 10),
    Balance: random() < 0.4 ? 0 : Math.round(random() * 2e7) / 100,
    NumOfProducts: within(1, 4),
    HasCrCard: within(0, 1),
    IsActiveMember: within(0, 1),
    EstimatedSalary: Math.round(random() * 2e7) / 100,
  }));
}

async function churnProbabilities(graph: string, rows: readonly NamedRow[]): Promise<readonly number[]> {
  const session = await openPublicSession(graph);
  const results = await session.run(feedsOfRows(rows, session.inputNames));
  await session.release();
  return numbersOf(results['probabilities']).filter((_, i) => i % 2 === 1);
}

/** POST /predict of the churn model. */
export async function churnRows(graph: string): Promise<Workload> {
  const rows = customers(DISTINCT);
  const expected = await churnProbabilities(graph, rows);
  return {
    path: '/predict',
    contentType: JSON_TYPE,
    answer: { kind: 'field', name: 'churn_probability' },
    tolerance: 1e-4,
    requests: rows.map((row, i) => ({ body: json(row), expected: [expected[i] ?? Number.NaN] })),
  };
}

/** POST /predict_batch of the churn model, so many rows each. */
export async function churnBatches(graph: string, size: number): Promise<Workload> {
  const rows = customers(Math.max(DISTINCT, size * 4));
  const expected = await churnProbabilities(graph, rows);
  return {
    path: '/predict_batch',
    contentType: JSON_TYPE,
    answer: { kind: 'field', name: 'churn_probability', list: 'predictions' },
    tolerance: 1e-4,
    requests: pieces(rows, size).map((customers, i) => ({
      body: json({ customers }),
      expected: expected.slice(i * size, (i + 1) * size),
    })),
  };
}

/** The same customers in the V2 protocol, which is the only one that MLServer speaks. */
export async function churnTensors(graph: string, size = 1): Promise<Workload> {
  const rows = customers(Math.max(DISTINCT, size * 4), 'complete');
  const session = await openPublicSession(graph);
  const results = await session.run(feedsOfRows(rows, session.inputNames));
  const expected = numbersOf(results['probabilities']);
  const names = session.inputNames;
  await session.release();
  return {
    path: V2_PATH,
    contentType: JSON_TYPE,
    answer: { kind: 'v2', output: 'probabilities' },
    tolerance: 1e-4,
    requests: pieces(rows, size).map((piece, i) => ({
      body: json({ inputs: names.map((name) => churnColumn(piece, name)) }),
      expected: expected.slice(i * size * 2, (i + 1) * size * 2),
    })),
  };
}

function churnColumn(rows: readonly NamedRow[], name: string): object {
  const data = rows.map((row) => row[name]);
  const datatype = typeof data[0] === 'string' ? 'BYTES' : 'FP32';
  return { name, datatype, shape: [rows.length, 1], data };
}

/** V2 infer of a network of 20 floats: rows of normal numbers with six decimals. */
export async function networkRows(graph: string, size = 1): Promise<Workload> {
  const random = seeded(5);
  const values = (): number => Math.round(normal(random) * 1e6) / 1e6;
  const count = Math.max(4, Math.ceil(DISTINCT / size));
  const requests = Array.from({ length: count }, (): InferRequest => {
    const data = Array.from({ length: size * 20 }, values);
    return { inputs: [{ name: 'x', datatype: 'FP32', shape: [size, 20], data }] };
  });
  return tensorWorkload(graph, requests, 'probabilities');
}

/** V2 infer of the car model: 12 floats each. */
export function carRows(graph: string): Promise<Workload> {
  const random = seeded(6);
  const requests = Array.from({ length: DISTINCT }, (): InferRequest => {
    const data = Array.from({ length: 12 }, () => Math.round(normal(random) * 1e6) / 1e6);
    return { inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 12], data }] };
  });
  return tensorWorkload(graph, requests, 'variable', 1);
}

/** V2 infer of pictures as floats. So large bodies rotate over few: the pool's cost does not depend on values. */
export function pictureTensors(graph: string): Promise<Workload> {
  const random = seeded(9);
  const requests = Array.from({ length: 8 }, (): InferRequest => {
    const data = Array.from({ length: PIXELS }, () => Math.round(random() * 1e6) / 1e6);
    return { inputs: [{ name: 'pixels', datatype: 'FP32', shape: [1, 3, 224, 224], data }] };
  });
  return tensorWorkload(graph, requests, 'means');
}

async function tensorWorkload(
  graph: string,
  requests: readonly InferRequest[],
  output: string,
  tolerance = 1e-4,
): Promise<Workload> {
  const session = await openPublicSession(graph);
  const planned: PlannedRequest[] = [];
  for (const request of requests) {
    const results = await session.run(feedsOfRequest(request));
    planned.push({ body: json(request), expected: numbersOf(results[output]) });
  }
  await session.release();
  return {
    path: V2_PATH,
    contentType: JSON_TYPE,
    answer: { kind: 'v2', output },
    tolerance,
    requests: planned,
  };
}

/** A JSON workload of V2 with its tensors in the binary extension, both ways. */
export function asBinary(workload: Workload): Workload {
  return {
    ...workload,
    contentType: 'application/octet-stream',
    answer: { kind: 'v2Binary' },
    requests: workload.requests.map(({ body, expected }) => {
      const request = JSON.parse(Buffer.from(body).toString()) as InferRequest;
      const tensors = request.inputs.map(({ data }) => Float32Array.from(data));
      const inputs = request.inputs.map(({ name, datatype, shape, data }) => {
        return { name, datatype, shape, parameters: { binary_data_size: data.length * 4 } };
      });
      const head = json({ inputs, parameters: { binary_data_output: true } });
      return {
        body: Buffer.concat([head, ...tensors.map(({ buffer }) => new Uint8Array(buffer))]),
        expected,
        headers: { 'inference-header-content-length': String(head.byteLength) },
      };
    }),
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function pieces<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.floor(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
