import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, GATHER } from '#runtime/testing.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { Batcher } from './batcher.ts';
import { CallerGone, ModelError, type Job } from './job.ts';
import type { BatchLane, Engine } from './engine.ts';
import { EngineError, Lane, type LaneRun } from './lane.ts';
import { openSession, type Session } from './session.ts';
import type { Tensor } from './tensor.ts';

let folder: Folder;
let session: Session;
let lanes: readonly Lane[];

beforeAll(async () => {
  folder = await Folder.create();
  const path = await folder.write('gather.onnx', onnxModel(GATHER));
  session = openSession(path, { threads: 1 });
  const { inputs, outputs } = session;
  const open = () => Lane.open({ spec: { path, threads: 1 }, inputs, outputs });
  lanes = await Promise.all([open(), open(), open()]);
});

afterAll(async () => {
  session.release();
  await Promise.all(lanes.map((lane) => lane.close()));
  await folder[Symbol.asyncDispose]();
});

/** Looks up `indexes`; resolves to their values, or to the error. */
function lookUp(
  batcher: Batcher,
  indexes: readonly number[],
  gone?: () => boolean,
): Promise<readonly number[] | Error> {
  return new Promise((resolve) => {
    const values: number[] = [];
    const job: Job = {
      rows: indexes.length,
      shapes: { key: '1', dims: [[1]] },
      fill([target], at, from, count) {
        for (let i = 0; i < count; i++)
          if (target !== undefined) target[at + i] = BigInt(indexes[from + i] ?? 0);
      },
      take([output], at, _from, count) {
        for (let i = 0; i < count; i++) values.push(Number(output?.data[at + i]));
      },
      done: () => resolve(values),
      fail: (error) => resolve(error instanceof Error ? error : new Error(String(error))),
    };
    batcher.submit(job, gone);
  });
}

const ENGINES: readonly (readonly [string, number, () => Engine])[] = [
  ['on the event loop', 150, () => ({ kind: 'inline', session })],
  ['on one thread', 50, () => ({ kind: 'workers', lanes: lanes.slice(0, 1), graph: session })],
  ['on three threads', 50, () => ({ kind: 'workers', lanes, graph: session })],
];

test.each(ENGINES)(
  'merged requests get the answers that they get alone, and only a guilty one gets an error: %s',
  async (_, numRuns, engine) => {
    const request = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 16 }),
        fc.nat(8),
        async (requests, cap, more) => {
          const batcher = new Batcher(engine(), { merging: true, cap, own: cap + more });
          const answers = await Promise.all(requests.map((indexes) => lookUp(batcher, indexes)));
          for (const [i, indexes] of requests.entries()) {
            // 10 is one past the table's end.
            if (indexes.includes(10)) expect(answers[i]).toBeInstanceOf(ModelError);
            else expect(answers[i]).toEqual(indexes.map((index) => index * 10));
          }
          expect(batcher.backlog.rows).toBe(0);
        },
      ),
      { numRuns },
    );
  },
);

/** A thread whose batches end when a test says so. */
class HeldLane implements BatchLane {
  readonly #crash = Promise.withResolvers<EngineError>();
  readonly crashed = this.#crash.promise;
  readonly batches: number[] = [];
  #held: { done: (run: LaneRun) => void; failed: (error: Error) => void; run: LaneRun } | undefined;
  get idle(): boolean {
    return this.#held === undefined;
  }
  tensors(dims: readonly (readonly number[])[]): readonly Tensor[] {
    return dims.map((each) => ({
      type: 'int64',
      dims: each,
      data: new BigInt64Array(each.reduce((a, b) => a * b, 1)),
    }));
  }
  run(inputs: readonly Tensor[]): Promise<LaneRun> {
    const rows = inputs[0]?.dims[0] ?? 0;
    this.batches.push(rows);
    const data = Float32Array.from({ length: rows }, (_, row) => Number(inputs[0]?.data[row]) * 10);
    const outputs: readonly Tensor[] = [{ type: 'float32', dims: [rows, 1], data }];
    return new Promise((done, failed) => {
      this.#held = { done, failed, run: { inputs, outputs, ms: 1 } };
    });
  }
  keep(): void {}
  close = (): Promise<void> => Promise.resolve();
  finish(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.done(held.run);
  }
  crash(): void {
    const error = new EngineError('the thread has ended');
    this.#held?.failed(error);
    this.#crash.resolve(error);
  }
}

function held(count: number): { readonly held: readonly HeldLane[]; readonly engine: Engine } {
  const made = Array.from({ length: count }, () => new HeldLane());
  return { held: made, engine: { kind: 'workers', lanes: made, graph: session } };
}

test('what arrives while the thread is busy is its next batch', async () => {
  const { held: all, engine } = held(1);
  const [lane] = all;
  const batcher = new Batcher(engine, { merging: true, cap: 64 });
  const first = lookUp(batcher, [1]);
  await setImmediate();
  const later = [lookUp(batcher, [2]), lookUp(batcher, [3, 4]), lookUp(batcher, [5])];
  await setImmediate();
  expect(lane?.batches).toEqual([1]);
  expect(batcher.backlog.rows).toBe(5);
  lane?.finish();
  expect(await first).toEqual([10]);
  lane?.finish();
  expect(await Promise.all(later)).toEqual([[20], [30, 40], [50]]);
  expect(lane?.batches).toEqual([1, 4]);
});

test('idle threads share what waits, and a request whose slices end out of order has its answers in order', async () => {
  const { held: all, engine } = held(2);
  const batcher = new Batcher(engine, { merging: true, cap: 64 });
  const answer = lookUp(batcher, [0, 1, 2, 3, 4, 5, 6]);
  await setImmediate();
  expect(all.map(({ batches }) => batches)).toEqual([[4], [3]]);
  all[1]?.finish();
  await setImmediate();
  all[0]?.finish();
  expect(await answer).toEqual([0, 10, 20, 30, 40, 50, 60]);
});

test('when a thread ends, whoever waits or comes later hears of it', async () => {
  const { held: all, engine } = held(1);
  const batcher = new Batcher(engine, { merging: true, cap: 1 });
  const waiting = [lookUp(batcher, [1]), lookUp(batcher, [2])];
  await setImmediate();
  all[0]?.crash();
  for (const answer of await Promise.all(waiting)) expect(answer).toBeInstanceOf(EngineError);
  expect(await batcher.crashed).toBeInstanceOf(EngineError);
  expect(await lookUp(batcher, [3])).toBeInstanceOf(EngineError);
  expect(batcher.backlog.rows).toBe(0);
});

test('requests of one turn of the event loop share a run', async () => {
  const rows: number[] = [];
  const batcher = new Batcher(
    { kind: 'inline', session },
    { merging: true, cap: 64, onRun: (count) => rows.push(count) },
  );
  await Promise.all(Array.from({ length: 20 }, (_, i) => lookUp(batcher, [i % 10])));
  expect(rows).toEqual([20]);
});

test('who observes sees each answered row once, also where a run fails and its requests run again', async () => {
  const seen: (readonly number[])[] = [];
  const batcher = new Batcher(
    { kind: 'inline', session },
    {
      merging: true,
      cap: 64,
      observe: ([input], [output], rows) => {
        const indexes = Array.from({ length: rows }, (_, row) => Number(input?.data[row]));
        seen.push(indexes);
        expect(Array.from(output?.data ?? [], Number)).toEqual(indexes.map((index) => index * 10));
      },
    },
  );
  await Promise.all([lookUp(batcher, [1, 2]), lookUp(batcher, [3])]);
  expect(seen).toEqual([[1, 2, 3]]);
  await Promise.all([lookUp(batcher, [4]), lookUp(batcher, [10, 5]), lookUp(batcher, [6])]);
  expect(seen.slice(1)).toEqual([[4], [6]]);
});

test('without merging each request runs by itself', async () => {
  const rows: number[] = [];
  const batcher = new Batcher(
    { kind: 'inline', session },
    { merging: false, cap: 1, onRun: (count) => rows.push(count) },
  );
  const job = (index: number): Promise<number> =>
    new Promise((resolve, reject) => {
      batcher.submit({
        rows: 1,
        shapes: { key: '1x1', dims: [[1, 1]] },
        fill: ([target]) => {
          if (target !== undefined) target[0] = BigInt(index);
        },
        take: ([output]) => resolve(Number(output?.data[0])),
        done: () => undefined,
        fail: reject,
      });
    });
  expect(await Promise.all([job(3), job(4)])).toEqual([30, 40]);
  expect(rows).toEqual([1, 1]);
});

test('a request of many rows runs in larger parts than requests that run together, and short ones come between', async () => {
  const rows: number[] = [];
  const ended: string[] = [];
  const batcher = new Batcher(
    { kind: 'inline', session },
    { merging: true, cap: 8, own: 40, onRun: (count) => rows.push(count) },
  );
  const many = Array.from({ length: 100 }, (_, i) => i % 10);
  const long = lookUp(batcher, many).then((values) => {
    ended.push('long');
    return values;
  });
  const short = lookUp(batcher, [3]).then(() => ended.push('short'));
  expect(await long).toEqual(many.map((index) => index * 10));
  await short;
  expect(rows).toEqual([40, 8, 40, 13]);
  expect(ended).toEqual(['short', 'long']);
});

test('rows whose caller has gone are not run, before their first run or between two', async () => {
  const { held: all, engine } = held(1);
  const [lane] = all;
  const batcher = new Batcher(engine, { merging: true, cap: 4 });
  const gone = { long: false, short: false };
  const first = lookUp(batcher, [1]);
  await setImmediate();
  const long = lookUp(batcher, [1, 2, 3, 4, 5, 6], () => gone.long);
  const short = lookUp(batcher, [7], () => gone.short);
  const other = lookUp(batcher, [8]);
  gone.short = true;
  lane?.finish();
  expect(await first).toEqual([10]);
  expect(lane?.batches).toEqual([1, 4]);
  gone.long = true;
  lane?.finish();
  await setImmediate();
  expect(lane?.batches).toEqual([1, 4, 1]);
  lane?.finish();
  expect(await other).toEqual([80]);
  expect(await short).toBeInstanceOf(CallerGone);
  expect(await long).toBeInstanceOf(CallerGone);
  expect(batcher.backlog.rows).toBe(0);
});

test('large rows run where they lie, each request by itself, and small ones together', async () => {
  const rows: number[] = [];
  let copies = 0;
  const relu: Session = {
    inputs: [{ name: 'x', type: 'float32', shape: [null, null] }],
    outputs: [{ name: 'y', type: 'float32', shape: [null, null] }],
    run: ([input]) => [input ?? { type: 'float32', dims: [], data: [] }],
    endProfile: () => [],
    release: () => undefined,
  };
  const batcher = new Batcher(
    { kind: 'inline', session: relu },
    { merging: true, cap: 64, onRun: (count) => rows.push(count) },
  );
  const ask = (size: number): Promise<Tensor | undefined> =>
    new Promise((resolve, reject) => {
      const data = new Float32Array(size).fill(size);
      let output: Tensor | undefined;
      batcher.submit({
        rows: 1,
        shapes: { key: String(size), dims: [[size]] },
        fill: () => copies++,
        view: () => [data],
        take: ([first]) => {
          output = first;
        },
        done: () => resolve(output),
        fail: reject,
      });
    });
  const large = await Promise.all([ask(20_000), ask(20_000)]);
  expect(large.map((output) => output?.data[19_999])).toEqual([20_000, 20_000]);
  expect([rows, copies]).toEqual([[1, 1], 0]);
  await Promise.all([ask(10), ask(10)]);
  expect([rows, copies]).toEqual([[1, 1, 2], 2]);
});
