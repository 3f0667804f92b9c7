import { sha256 } from '#contract/canonical.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import { onnxModel } from './onnx.ts';

/** A bundle's files by path, model.json among them. */
export type BundleFiles = ReadonlyMap<string, Uint8Array>;

export interface LinearBundleOptions {
  readonly name?: string;
  readonly version?: string;
  /** The model answers `weight * x + y`. */
  readonly weight?: number;
  /** The golden answer is recorded wrong. */
  readonly wrongGolden?: boolean;
  /** Rows of a constant that the graph holds and does not use: each has 1 MiB. */
  readonly ballastMiB?: number;
  /** Fields of model.json to replace. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** The graph `value = weight * x + y` over two float32 features [N, 1]. */
export function linearModel(weight = 2, ballastMiB = 0): Uint8Array {
  const feature = (name: string) => ({ name, type: 'float32' as const, shape: ['N', 1] });
  return onnxModel({
    inputs: [feature('x'), feature('y')],
    outputs: [feature('value')],
    initializers: [
      { name: 'weight', type: 'float32', dims: [1], data: [weight] },
      ...(ballastMiB === 0
        ? []
        : [
            {
              name: 'ballast',
              type: 'float32' as const,
              dims: [ballastMiB, 262_144],
              data: new Uint8Array(ballastMiB * 1024 * 1024),
            },
          ]),
    ],
    nodes: [
      { op: 'Mul', inputs: ['x', 'weight'], outputs: ['product'] },
      { op: 'Add', inputs: ['product', 'y'], outputs: ['value'] },
    ],
  });
}

/** A whole, valid bundle of linearModel with a golden request; `POST /predict {"x": 3, "y": 1}` gives weight * 3 + 1. */
export function linearBundle(options: LinearBundleOptions = {}): BundleFiles {
  const { name = 'linear', version = '1', weight = 2 } = options;
  const model = linearModel(weight, options.ballastMiB);
  const answer = weight * 3 + 1 + (options.wrongGolden === true ? 1 : 0);
  const golden = Buffer.from(
    JSON.stringify({ formatVersion: 1, rows: [{ input: { x: 3, y: 1 }, output: { value: [answer] } }] }),
  );
  const file = (bytes: Uint8Array) => ({ sha256: sha256(bytes), size: bytes.byteLength });
  const manifest: Manifest = {
    formatVersion: 1,
    name,
    version,
    task: 'regression',
    graph: 'model.onnx',
    files: { 'model.onnx': file(model), 'golden.json': file(golden) },
    inputs: [
      {
        name: 'x',
        type: 'float32',
        shape: [null, 1],
        required: true,
        integer: false,
        range: { min: -1e6, max: 1e6 },
      },
      { name: 'y', type: 'float32', shape: [null, 1], required: true, integer: false },
    ],
    outputs: [{ name: 'value', type: 'float32', shape: [null, 1] }],
    decision: { output: 'value' },
    response: {
      predict: { prediction: { from: 'value' }, model_version: { from: 'version' } },
      errors: 'windlass',
    },
    golden: 'golden.json',
    metrics: { rmse: 0 },
  };
  return new Map<string, Uint8Array>([
    ['model.onnx', model],
    ['golden.json', golden],
    ['model.json', Buffer.from(JSON.stringify({ ...manifest, ...options.manifest }, undefined, 2))],
  ]);
}
