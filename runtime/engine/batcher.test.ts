import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, GATHER } from '#runtime/testing.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { Batcher, ModelError, type Job } from './batcher.ts';
import { openSession, type Session } from './session.ts';

let folder: Folder;
let session: Session;

beforeAll(async () => {
  folder = await Folder.create();
  session = openSession(await folder.write('gather.onnx', onnxModel(GATHER)), { threads: 1 });
});

afterAll(async () => {
  session.release();
  await folder[Symbol.asyncDispose]();
});

/** Looks up `indexes`; resolves to their values, or to the error. */
function lookUp(batcher: Batcher, indexes: readonly number[]): Promise<readonly number[] | Error> {
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
    batcher.submit(job);
  });
}

test('merged requests get the answers that they get alone, and only a guilty one gets an error', async () => {
  const request = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 16 }),
      async (requests, cap) => {
        const batcher = new Batcher(session, { merging: true, cap });
        const answers = await Promise.all(requests.map((indexes) => lookUp(batcher, indexes)));
        for (const [i, indexes] of requests.entries()) {
          // 10 is one past the table's end.
          if (indexes.includes(10)) expect(answers[i]).toBeInstanceOf(ModelError);
          else expect(answers[i]).toEqual(indexes.map((index) => index * 10));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('requests of one turn of the event loop share a run', async () => {
  const rows: number[] = [];
  const batcher = new Batcher(session, { merging: true, cap: 64, onRun: (count) => rows.push(count) });
  await Promise.all(Array.from({ length: 20 }, (_, i) => lookUp(batcher, [i % 10])));
  expect(rows).toEqual([20]);
});

test('who observes sees each answered row once, also where a run fails and its requests run again', async () => {
  const seen: (readonly number[])[] = [];
  const batcher = new Batcher(session, {
    merging: true,
    cap: 64,
    observe: ([input], [output], rows) => {
      const indexes = Array.from({ length: rows }, (_, row) => Number(input?.data[row]));
      seen.push(indexes);
      expect(Array.from(output?.data ?? [], Number)).toEqual(indexes.map((index) => index * 10));
    },
  });
  await Promise.all([lookUp(batcher, [1, 2]), lookUp(batcher, [3])]);
  expect(seen).toEqual([[1, 2, 3]]);
  await Promise.all([lookUp(batcher, [4]), lookUp(batcher, [10, 5]), lookUp(batcher, [6])]);
  expect(seen.slice(1)).toEqual([[4], [6]]);
});

test('without merging each request runs by itself', async () => {
  const rows: number[] = [];
  const batcher = new Batcher(session, { merging: false, cap: 1, onRun: (count) => rows.push(count) });
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
