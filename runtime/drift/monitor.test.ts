import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest, Reference, TensorType } from '#contract/model-manifest.ts';
import { allocate, setElement, type Tensor } from '#runtime/engine/tensor.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import { compilePrediction } from '#runtime/protocol/prediction.ts';
import { numericBin } from './bins.ts';
import { DriftMonitor } from './monitor.ts';
import { described, SETTINGS } from './testing.ts';

const numeric = (edges: readonly number[]) => ({
  kind: 'numeric' as const,
  edges: [...edges],
  counts: edges.slice(1).map(() => 100),
  under: 0,
  over: 0,
  missing: 0,
});
const categorical = (...categories: readonly string[]) => ({
  kind: 'categorical' as const,
  counts: Object.fromEntries(categories.map((category) => [category, 100])),
  other: 0,
  missing: 0,
});

function referenceOf(fields: Partial<Reference>): Reference {
  return { formatVersion: 1, rows: 1000, features: {}, ...fields };
}

function tensor(
  type: TensorType,
  dims: readonly number[],
  values: readonly (number | bigint | string)[],
): Tensor {
  const data = allocate(type, values.length);
  for (const [index, value] of values.entries()) setElement(data, index, value);
  return { type, dims, data };
}

/** The rows that a feature's bins hold. */
function counted(monitor: DriftMonitor, name: string): Readonly<Record<string, number>> {
  const reading = monitor.readings().find(({ column }) => column.name === name);
  const texts = reading?.column.layout.texts ?? [];
  return Object.fromEntries(
    texts.flatMap((text, index) => (reading?.now[index] ? [[text, reading.now[index]]] : [])),
  );
}

const feature = (type: TensorType, shape: GraphValue['shape'] = [null, 1]): GraphValue => ({
  name: 'x',
  type,
  shape,
});

describe('a run is counted', () => {
  test.each<[TensorType, readonly (number | bigint)[], object]>([
    [
      'float32',
      [-1, 0, 1.5, 2, 9, NaN, Infinity],
      { under: 1, '0 to 1': 1, '1 to 2': 2, over: 2, missing: 1 },
    ],
    ['float64', [0.5, NaN], { '0 to 1': 1, missing: 1 }],
    ['float16', [0.5, 1, 3], { '0 to 1': 1, '1 to 2': 1, over: 1 }],
    ['int64', [-5n, 0n, 1n, 2n ** 60n], { under: 1, '0 to 1': 1, '1 to 2': 1, over: 1 }],
    ['uint8', [0, 1, 2], { '0 to 1': 1, '1 to 2': 2 }],
    ['bool', [0, 1, 1], { '0 to 1': 1, '1 to 2': 2 }],
  ])('for numbers of type %s', (type, values, expected) => {
    const { manifest, graph } = described([feature(type)], []);
    const monitor = new DriftMonitor(
      { manifest, graph, reference: referenceOf({ features: { x: numeric([0, 1, 2]) } }) },
      SETTINGS,
    );
    monitor.observe([tensor(type, [values.length, 1], values)], []);
    expect(counted(monitor, 'x')).toEqual(expected);
  });

  test.each<[TensorType, readonly (number | bigint | string)[], object]>([
    ['string', ['a', 'b', 'b', '', 'c', '__proto__'], { a: 1, b: 2, other: 2, missing: 1 }],
    ['float32', [2, 3.5, NaN, 7], { '2': 1, other: 2, missing: 1 }],
    ['int64', [2n, 7n], { '2': 1, other: 1 }],
  ])('for categories of type %s', (type, values, expected) => {
    const { manifest, graph } = described([feature(type)], []);
    const monitor = new DriftMonitor(
      { manifest, graph, reference: referenceOf({ features: { x: categorical('a', 'b', '2') } }) },
      SETTINGS,
    );
    monitor.observe([tensor(type, [values.length, 1], values)], []);
    expect(counted(monitor, 'x')).toEqual(expected);
  });

  test('for a model whose rows are not merged: all rows of its tensor', () => {
    const { manifest, graph } = described([feature('float32', [null])], []);
    const monitor = new DriftMonitor(
      { manifest, graph, reference: referenceOf({ features: { x: numeric([0, 1, 2]) } }) },
      SETTINGS,
    );
    monitor.observe([tensor('float32', [3], [0.5, 0.6, 1.5])], []);
    expect(counted(monitor, 'x')).toEqual({ '0 to 1': 2, '1 to 2': 1 });
  });
});

describe('the prediction is counted', () => {
  const tasks: readonly (readonly [string, Partial<Manifest>, number])[] = [
    ['of one column', { task: 'binary-classification', decision: { output: 'p' } }, 1],
    ['of the second column', { task: 'binary-classification', decision: { output: 'p' } }, 2],
    ['of a column that is named', { task: 'binary-classification', decision: { output: 'p', index: 0 } }, 2],
    ['of a regression without a decision', { task: 'regression' }, 1],
    ['of a regression with a column', { task: 'regression', decision: { output: 'p', index: 1 } }, 3],
    ['of many classes', { task: 'image-classification', decision: { output: 'p' } }, 4],
  ];
  const edges = [0, 0.2, 0.4, 0.6, 0.8, 1];

  test.each(tasks)('as the answer has it: %s', (_, fields, width) => {
    const { manifest, graph } = described([], [{ name: 'p', type: 'float32', shape: [null, width] }], fields);
    const read = compilePrediction(manifest, ['p']);
    const value = fc.float({ min: Math.fround(-0.1), max: Math.fround(1.1), noNaN: true });
    const rows = fc.array(fc.array(value, { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(rows, (values) => {
        const reference = referenceOf({ prediction: numeric(edges) });
        const monitor = new DriftMonitor({ manifest, graph, reference }, SETTINGS);
        const outputs = [tensor('float32', [values.length, width], values.flat())];
        monitor.observe([], outputs);
        const expected = new Float64Array(edges.length + 2);
        const bins = Float64Array.from(edges, Math.fround);
        for (const row of values.keys()) {
          const bin = numericBin(bins, read?.(outputs, row, values.length).value ?? NaN);
          expected[bin] = (expected[bin] ?? 0) + 1;
        }
        expect(monitor.readings()[0]?.now).toEqual(expected);
      }),
    );
  });

  test('under another name where a feature is called like it', () => {
    const { manifest, graph } = described(
      [{ ...feature('float32'), name: 'prediction' }],
      [{ name: 'p', type: 'float32', shape: [null, 1] }],
      { task: 'regression' },
    );
    const reference = referenceOf({ features: { prediction: numeric([0, 1]) }, prediction: numeric([0, 1]) });
    const monitor = new DriftMonitor({ manifest, graph, reference }, SETTINGS);
    expect(monitor.compared.map(({ name, role }) => [name, role])).toEqual([
      ['prediction', 'input'],
      ['prediction_output', 'prediction'],
    ]);
  });
});

describe('what cannot be compared is listed with its reason', () => {
  test.each<[string, GraphValue, Reference['features'], string]>([
    ['an image', feature('uint8', [null, 224, 224, 3]), {}, 'a row has 150528 values of it'],
    ['a feature of any length', feature('float32', [null, null]), {}, 'any number of values'],
    ['a fixed number of values', feature('float32', [8]), {}, 'a row has 8 values'],
    ['a feature without bins', feature('float32'), {}, 'reference.json has no bins for it'],
    ['a name that every object has', { ...feature('float32'), name: 'toString' }, {}, 'has no bins for it'],
    ['text with numeric bins', feature('string'), { x: numeric([0, 1]) }, 'the model takes text'],
    [
      'broken bins',
      feature('float32'),
      { x: { ...numeric([0, 1]), counts: [1, 2] } },
      '2 edges and 2 counts',
    ],
  ])('%s', (_, input, features, reason) => {
    const { manifest, graph } = described([input], []);
    const monitor = new DriftMonitor({ manifest, graph, reference: referenceOf({ features }) }, SETTINGS);
    expect(monitor.compared).toEqual([]);
    expect(monitor.notCompared[0]).toEqual({
      name: input.name,
      reason: expect.stringContaining(reason) as string,
    });
  });

  test('a prediction without bins or decision, and a value that is no input', () => {
    const features = { vehicle_age: numeric([0, 1]) };
    const output = { name: 'p', type: 'float32', shape: [null, 1] } as const;
    const reasonsOf = (fields: Partial<Manifest>, reference: Partial<Reference>) => {
      const { manifest, graph } = described([], [output], fields);
      const source = { manifest, graph, reference: referenceOf(reference) };
      return new DriftMonitor(source, SETTINGS).notCompared.map(({ name, reason }) => `${name}: ${reason}`);
    };
    expect(reasonsOf({}, { prediction: numeric([0, 1]) })).toEqual([
      expect.stringContaining('prediction: model.json has no "decision"'),
    ]);
    expect(reasonsOf({ task: 'regression' }, { features })).toEqual([
      expect.stringContaining('prediction: reference.json has no bins'),
      expect.stringContaining('vehicle_age: reference.json has bins for it, but it is no input'),
    ]);
  });
});

test('tensors of other shapes than the graph has never end a run', () => {
  const { manifest, graph } = described([feature('float32')], [{ name: 'p', type: 'float32', shape: [] }], {
    task: 'image-classification',
    decision: { output: 'p' },
  });
  const reference = referenceOf({ features: { x: numeric([0, 1]) }, prediction: numeric([0, 1]) });
  const monitor = new DriftMonitor({ manifest, graph, reference }, SETTINGS);
  for (const dims of [[], [0], [0, 1], [3], [5, 7]]) {
    const values = Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => 0.5);
    expect(() =>
      monitor.observe([tensor('float32', dims, values)], [tensor('float32', dims, values)]),
    ).not.toThrow();
  }
  expect(() => monitor.observe([], [])).not.toThrow();
});
