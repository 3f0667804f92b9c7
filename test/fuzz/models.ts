import { classifierBundle } from '#runtime/testing.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { onnxModel, type OnnxModel, type OnnxType } from '#test/support/onnx.ts';
import { colourBundle, plain, png } from '#runtime/image/test-pictures.ts';
import type { ErrorShape } from './judge.ts';

/** A model that is sent bad input, and a request whose answer is known. */
export interface FuzzedModel {
  readonly files: () => BundleFiles;
  /** How its errors look outside the V2 protocol. */
  readonly errors: ErrorShape;
  readonly good: { readonly path: string; readonly body: object | Buffer; readonly answer: object };
}

const GOOD_LEAVER = {
  path: '/predict',
  body: { Age: 50, Country: 'Spain' },
  answer: { probability: 0.8808, prediction: 1, risk: 'HIGH', model_version: '7' },
};

const TYPES: readonly OnnxType[] = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int32',
  'int64',
  'uint64',
  'bool',
  'string',
];

/** Gives each of its inputs back: one row has one element of half the types, and two by any number of the others. */
const EVERY_TYPE: OnnxModel = {
  inputs: TYPES.map((type, index) => ({
    name: type,
    type,
    shape: index % 2 === 0 ? ['N', 1] : ['N', 2, 'M'],
  })),
  outputs: TYPES.map((type, index) => ({
    name: `${type}_back`,
    type,
    shape: index % 2 === 0 ? ['N', 1] : ['N', 2, 'M'],
  })),
  nodes: TYPES.map((type) => ({ op: 'Identity', inputs: [type], outputs: [`${type}_back`] })),
};

/** No batch: a matrix of fixed size, a vector of any, and a scalar; their sums. */
const NO_BATCH: OnnxModel = {
  inputs: [
    { name: 'matrix', type: 'float32', shape: [2, 3] },
    { name: 'vector', type: 'int64', shape: ['M'] },
    { name: 'scalar', type: 'float64', shape: [] },
  ],
  outputs: [
    { name: 'total', type: 'float32', shape: [] },
    { name: 'vector_back', type: 'int64', shape: ['M'] },
    { name: 'scalar_back', type: 'float64', shape: [] },
  ],
  nodes: [
    { op: 'ReduceSum', inputs: ['matrix'], outputs: ['total'], attributes: { keepdims: { int: 0 } } },
    { op: 'Identity', inputs: ['vector'], outputs: ['vector_back'] },
    { op: 'Identity', inputs: ['scalar'], outputs: ['scalar_back'] },
  ],
};

const bare = (model: OnnxModel) => (): BundleFiles => new Map([['model.onnx', onnxModel(model)]]);
const withDetail = (): BundleFiles => {
  const files = new Map(classifierBundle());
  const manifest = JSON.parse(Buffer.from(files.get('model.json') ?? []).toString()) as { response: object };
  const changed = { ...manifest, response: { ...manifest.response, errors: 'detail' } };
  return files.set('model.json', Buffer.from(JSON.stringify(changed)));
};

export const MODELS: Readonly<Record<string, FuzzedModel>> = {
  leavers: { files: () => classifierBundle(), errors: 'windlass', good: GOOD_LEAVER },
  'leavers-detail': { files: withDetail, errors: 'detail', good: GOOD_LEAVER },
  'every-type': {
    files: bare(EVERY_TYPE),
    errors: 'windlass',
    good: {
      path: '/predict',
      body: {
        float32: 0.5,
        float64: [[1], [2]],
        float16: -2,
        int8: [[-128], [127]],
        uint8: 255,
        int32: [[1], [2]],
        int64: 42,
        uint64: [[7], [8]],
        bool: true,
        string: [['a'], ['ü']],
      },
      answer: {
        float32_back: 0.5,
        float64_back: [[1], [2]],
        float16_back: -2,
        int8_back: [[-128], [127]],
        uint8_back: 255,
        int32_back: [[1], [2]],
        int64_back: 42,
        uint64_back: [[7], [8]],
        bool_back: true,
        string_back: [['a'], ['ü']],
      },
    },
  },
  'no-batch': {
    files: bare(NO_BATCH),
    errors: 'windlass',
    good: {
      path: '/predict',
      body: {
        matrix: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        vector: [7, 8],
        scalar: 0.25,
      },
      answer: { total: 21, vector_back: [7, 8], scalar_back: 0.25 },
    },
  },
  colours: {
    files: () => colourBundle({}, { response: { predict: { prediction: { from: 'label' } } } }),
    errors: 'windlass',
    good: { path: '/predict', body: png(plain(40, 30, [255, 0, 0])), answer: { prediction: 'Red' } },
  },
};
