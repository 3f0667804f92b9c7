import { expect, test } from 'vitest';
import { Folder } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel } from '#test/support/onnx.ts';
import { mergesRows, sampleTensors, timeRuns, type Samples } from './probe.ts';
import { openSession, type Session } from './session.ts';

const SAMPLES: Samples = {
  count: 4,
  shapes: { key: '2', dims: [[2]] },
  fill([input], at, row) {
    if (input === undefined) return;
    input.data[at * 2] = row + 1;
    input.data[at * 2 + 1] = -row;
  },
};

function graph(nodes: OnnxModel['nodes']): OnnxModel {
  return {
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 2] }],
    initializers: [{ name: 'axis', type: 'int64', dims: [], data: [0] }],
    nodes,
  };
}

async function withSession<T>(model: OnnxModel, use: (session: Session) => T): Promise<T> {
  await using folder = await Folder.create();
  const session = openSession(await folder.write('model.onnx', onnxModel(model)), { threads: 1 });
  try {
    return use(session);
  } finally {
    session.release();
  }
}

test.each([
  ['works on each row', [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], true],
  ['sums over the rows', [{ op: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'] }], false],
  [
    'normalises over the rows',
    [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: { int: 0 } } }],
    false,
  ],
  [
    'gives one row for all',
    [{ op: 'ReduceMean', inputs: ['x'], outputs: ['y'], attributes: { axes: { ints: [0] } } }],
    false,
  ],
])('a graph that %s merges: see the answer', async (_, nodes, merges) => {
  expect(await withSession(graph(nodes), (session) => mergesRows(session, SAMPLES))).toBe(merges);
});

test('runs are timed from one row to the limit, and on to the most rows of one request', async () => {
  const timings = await withSession(graph([{ op: 'Relu', inputs: ['x'], outputs: ['y'] }]), (session) =>
    timeRuns(session, samplesOf(session), { limit: 48, ownLimit: 100 }),
  );
  expect(timings.map(({ rows }) => rows)).toEqual([1, 2, 4, 8, 16, 32, 48, 96, 100]);
  expect(timings.every(({ ms }) => ms > 0 && ms < 50)).toBe(true);
});

const samplesOf = (session: Session) => (rows: number, first: number) =>
  sampleTensors(session, SAMPLES, rows, first);

test('each try of a run has other rows, and the time is not that of the easiest', () => {
  const seen: number[] = [];
  const session: Session = {
    ...slowSession(0).session,
    run([input]) {
      const row = Number(input?.data[0]);
      seen.push(row);
      // The first of the four sample rows is no work at all.
      const until = performance.now() + (row === 1 ? 0 : 0.5);
      while (performance.now() < until);
      return [];
    },
  };
  const [timing] = timeRuns(session, samplesOf(session), { limit: 1, ownLimit: 1 });
  expect(new Set(seen)).toEqual(new Set([1, 2, 3, 4]));
  expect(seen.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(timing?.ms).toBeGreaterThan(0);
});

test('rows of one request are tried no longer than 10 ms a run beyond the limit', () => {
  const { session } = slowSession(1.5);
  const timings = timeRuns(session, samplesOf(session), { limit: 4, ownLimit: 64 });
  expect(timings.map(({ rows }) => rows)).toEqual([1, 2, 4, 8]);
});

/** A session on a clock of its own. */
function slowSession(msPerRow: number): { readonly session: Session; readonly runs: () => number } {
  let runs = 0;
  const session: Session = {
    inputs: [{ name: 'x', type: 'float32', shape: [null, 2] }],
    outputs: [],
    run([input]) {
      runs++;
      const until = performance.now() + (input?.dims[0] ?? 0) * msPerRow;
      while (performance.now() < until);
      return [];
    },
    endProfile: () => [],
    release: () => undefined,
  };
  return { session, runs: () => runs };
}

test('timing ends once a run is longer than a batch may be, so that a slow model starts soon', () => {
  const { session, runs } = slowSession(22);
  const timings = timeRuns(session, samplesOf(session), { limit: 64, ownLimit: 64 });
  expect(timings.map(({ rows }) => rows)).toEqual([1, 2, 4]);
  expect(runs()).toBeLessThanOrEqual(6);
  expect(timings[1]?.ms).toBeGreaterThanOrEqual(44);
});

test('a slow single row is tried once', () => {
  const { session, runs } = slowSession(550);
  expect(timeRuns(session, samplesOf(session), { limit: 64, ownLimit: 64 })).toHaveLength(1);
  expect(runs()).toBe(1);
});
