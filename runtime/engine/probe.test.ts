import { expect, test } from 'vitest';
import { Folder } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel } from '#test/support/onnx.ts';
import { mergesRows, probeCap, type Samples } from './probe.ts';
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

test('the cap is within the limit, and a cheap graph reaches it', async () => {
  const cap = await withSession(graph([{ op: 'Relu', inputs: ['x'], outputs: ['y'] }]), (session) =>
    probeCap(session, SAMPLES, 48),
  );
  expect(cap).toBe(48);
});

test('a run that takes longer with more rows is capped near the budget', () => {
  // 0.1 ms a row on a clock of its own: ten rows are 1 ms.
  let busyMs = 0;
  const slow: Session = {
    inputs: [{ name: 'x', type: 'float32', shape: [null, 2] }],
    outputs: [],
    run([input]) {
      busyMs = (input?.dims[0] ?? 0) * 0.1;
      const until = performance.now() + busyMs;
      while (performance.now() < until);
      return [];
    },
    release: () => undefined,
  };
  const cap = probeCap(slow, SAMPLES, 64);
  expect(cap).toBeGreaterThanOrEqual(8);
  expect(cap).toBeLessThanOrEqual(10);
});
