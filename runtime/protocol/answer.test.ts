import { describe, expect, test } from 'vitest';
import { manifestSchema, type Manifest } from '#contract/model-manifest.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import { RESPONSES } from '#test/support/systems.ts';
import { compileAnswer, compileRowAnswer } from './answer.ts';
import { compilePrediction } from './prediction.ts';

const CONTEXT = {
  revision: 'bankchurn-1',
  requestId: 'request-1',
  rows: 1,
  arrivedMs: performance.now(),
  modelLoaded: true,
  uptimeSeconds: 12.5,
  loadedAt: new Date('2026-01-02T03:04:05Z'),
};

function manifest(fields: object): Manifest {
  return manifestSchema.parse({
    formatVersion: 1,
    name: 'm',
    version: '3',
    task: 'generic',
    files: { 'model.onnx': { sha256: '0'.repeat(64), size: 1 } },
    inputs: [{ name: 'x', type: 'float32', shape: [null, 1] }],
    outputs: [{ name: 'out', type: 'float32', shape: [null, 2] }],
    ...fields,
  });
}

function answerOf(fields: object, ...outputs: readonly Tensor[]): unknown {
  const described = manifest(fields);
  const names = described.outputs.map(({ name }) => name);
  const answer = compileRowAnswer(described, names, compilePrediction(described, names));
  return JSON.parse(answer(CONTEXT, outputs, 0, 1).json);
}

const row = (...data: readonly number[]): Tensor => ({
  type: 'float32',
  dims: [1, data.length],
  data: Float32Array.from(data),
});
const BANDS = [{ label: 'LOW', below: 0.3 }, { label: 'MEDIUM', below: 0.7 }, { label: 'HIGH' }];

describe("the five systems' answers", () => {
  test.each([
    [0.125, 0, 'LOW', 0.75],
    [0.25, 0, 'LOW', 0.5],
    [0.5, 1, 'MEDIUM', 0],
    [0.75, 1, 'HIGH', 0.5],
  ])('bank churn at %d', (p, prediction, band, confidence) => {
    const answer = answerOf(
      {
        task: 'binary-classification',
        decision: { output: 'out', index: 1, threshold: 0.5, bands: BANDS },
        response: RESPONSES.bankchurn,
      },
      row(1 - p, p),
    );
    expect(answer).toEqual({
      churn_probability: p,
      churn_prediction: prediction,
      risk_level: band,
      confidence,
      model_version: '3',
      prediction_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
  });

  test('car prices', () => {
    expect(
      answerOf(
        { task: 'regression', response: { predict: { prediction: { from: 'value', decimals: 2 } } } },
        row(12345.678),
      ),
    ).toEqual({ prediction: 12345.68 });
  });

  test('a value too large to have decimals is written as it is', () => {
    const response = { predict: { prediction: { from: 'value', decimals: 2 } } } as const;
    const outputs = [{ name: 'out', type: 'float64', shape: [null, 1] }];
    const large: Tensor = { type: 'float64', dims: [1, 1], data: Float64Array.of(-1.5e307) };
    expect(answerOf({ task: 'regression', response, outputs }, large)).toEqual({ prediction: -1.5e307 });
  });

  test('plant images', () => {
    const answer = answerOf(
      {
        task: 'image-classification',
        labels: ['Healthy', 'Powdery', 'Rust'],
        decision: { output: 'out' },
        response: RESPONSES.plant,
      },
      row(0.25, 0.625, 0.125),
    );
    expect(answer).toEqual({
      prediction: 'Powdery',
      confidence: 0.625,
      probabilities: { Healthy: 0.25, Powdery: 0.625, Rust: 0.125 },
      processing_time: expect.any(Number) as number,
    });
  });

  test('health from constants and state', () => {
    const described = manifest({});
    const write = compileAnswer(
      described,
      {
        status: { from: 'constant', value: 'healthy' },
        model_loaded: { from: 'modelLoaded' },
        uptime_seconds: { from: 'uptimeSeconds' },
      },
      'response.health',
    );
    expect(JSON.parse(write(CONTEXT))).toEqual({
      status: 'healthy',
      model_loaded: true,
      uptime_seconds: 12.5,
    });
  });
});

test('what is known of the request, the model and its inputs can stand in any answer', () => {
  const write = compileAnswer(
    manifest({}),
    {
      batch_id: { from: 'requestId' },
      total_customers: { from: 'rows' },
      loaded: { from: 'loadedAt' },
      feature_names: { from: 'featureNames' },
      feature_count: { from: 'featureCount' },
      endpoints: { from: 'constant', value: { predict: '/predict', docs: null } },
      tags: { from: 'constant', value: ['a', 1, true] },
      nothing: { from: 'constant', value: null },
    },
    'response.batch.fields',
  );
  expect(JSON.parse(write({ ...CONTEXT, rows: 3 }))).toEqual({
    batch_id: 'request-1',
    total_customers: 3,
    loaded: '2026-01-02T03:04:05.000Z',
    feature_names: ['x'],
    feature_count: 1,
    endpoints: { predict: '/predict', docs: null },
    tags: ['a', 1, true],
    nothing: null,
  });
});

describe('without a response in the bundle', () => {
  test('a generic model answers its outputs by name', () => {
    expect(answerOf({}, row(1, 2))).toEqual({ out: [1, 2] });
    expect(answerOf({}, row(1))).toEqual({ out: 1 });
  });
  test('a classifier answers label, probabilities and band', () => {
    expect(
      answerOf(
        { task: 'binary-classification', labels: ['no', 'yes'], decision: { output: 'out', bands: BANDS } },
        row(0.25, 0.75),
      ),
    ).toEqual({
      prediction: 'yes',
      probability: 0.75,
      confidence: 0.5,
      probabilities: { no: 0.25, yes: 0.75 },
      band: 'HIGH',
    });
  });
  test('a regression answers its number', () => {
    expect(answerOf({ task: 'regression' }, row(5))).toEqual({ prediction: 5 });
  });
});

test.each([
  [{ response: { predict: { p: { from: 'probability' } } } }, /response\.predict\.p .*no "decision"/],
  [
    {
      task: 'binary-classification',
      decision: { output: 'out' },
      response: { predict: { b: { from: 'band' } } },
    },
    /no "decision\.bands"/,
  ],
  [
    {
      task: 'binary-classification',
      decision: { output: 'out' },
      response: { predict: { l: { from: 'label' } } },
    },
    /no "labels"/,
  ],
  [{ task: 'binary-classification', decision: { output: 'nope' } }, /decision\.output is "nope"/],
  [{ response: { predict: { o: { from: 'output', name: 'nope' } } } }, /names output "nope"/],
])('a response that the bundle cannot give is an invalid manifest: %j', (fields, message) => {
  expect(() => answerOf(fields, row(1, 2))).toThrow(message);
});

test('a NaN is an error for its sender, not an invalid answer', () => {
  expect(() => answerOf({ task: 'regression' }, row(NaN))).toThrow(/NaN/);
});
