import { onnxModel, type OnnxInitializer, type OnnxNode } from '#test/support/onnx.ts';
import { seeded } from '#test/support/random.ts';
import { normal } from '../random.ts';

/** A network of dense layers with relu between them and a softmax at its end: x [N, first] -> probabilities [N, last]. */
export function denseNetwork(widths: readonly number[]): Uint8Array {
  const random = seeded(7);
  const initializers: OnnxInitializer[] = [];
  const nodes: OnnxNode[] = [];
  let from = 'x';
  for (let layer = 1; layer < widths.length; layer++) {
    const rows = widths[layer - 1] ?? 0;
    const columns = widths[layer] ?? 0;
    const last = layer === widths.length - 1;
    const scale = Math.sqrt(2 / rows);
    const weights = new Float32Array(rows * columns).map(() => normal(random) * scale);
    initializers.push(
      { name: `w${layer}`, type: 'float32', dims: [rows, columns], data: new Uint8Array(weights.buffer) },
      { name: `b${layer}`, type: 'float32', dims: [columns], data: new Uint8Array(columns * 4) },
    );
    nodes.push(
      { op: 'Gemm', inputs: [from, `w${layer}`, `b${layer}`], outputs: [`z${layer}`] },
      {
        op: last ? 'Softmax' : 'Relu',
        inputs: [`z${layer}`],
        outputs: [last ? 'probabilities' : `a${layer}`],
      },
    );
    from = `a${layer}`;
  }
  return onnxModel({
    inputs: [{ name: 'x', type: 'float32', shape: ['N', widths[0] ?? 0] }],
    outputs: [{ name: 'probabilities', type: 'float32', shape: ['N', widths.at(-1) ?? 0] }],
    initializers,
    nodes,
  });
}

/** The mean of each channel: pixels [N, 3, 224, 224] -> means [N, 3]. It computes next to nothing, so that what is
 *  measured is the way of a large tensor. */
export function averagePool(): Uint8Array {
  return onnxModel({
    inputs: [{ name: 'pixels', type: 'float32', shape: ['N', 3, 224, 224] }],
    outputs: [{ name: 'means', type: 'float32', shape: ['N', 3] }],
    nodes: [
      { op: 'GlobalAveragePool', inputs: ['pixels'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: ['means'] },
    ],
  });
}

/**
 * A picture's class from its mean colours: uint8 [N, size, size, 3] -> probabilities [N, 3]. Small on purpose: what is
 * measured is decoding, resizing and HTTP.
 */
export function pictureClassifier(size: number): Uint8Array {
  const matrix = Float32Array.of(2, -1, -1, -1, 2, -1, -1, -1, 2);
  return onnxModel({
    inputs: [{ name: 'image', type: 'uint8', shape: ['N', size, size, 3] }],
    outputs: [{ name: 'probabilities', type: 'float32', shape: ['N', 3] }],
    initializers: [
      { name: 'scale', type: 'float32', dims: [1], data: [255] },
      { name: 'matrix', type: 'float32', dims: [3, 3], data: new Uint8Array(matrix.buffer) },
    ],
    nodes: [
      { op: 'Cast', inputs: ['image'], outputs: ['float'], attributes: { to: { int: 1 } } },
      {
        op: 'ReduceMean',
        inputs: ['float'],
        outputs: ['mean'],
        attributes: { axes: { ints: [1, 2] }, keepdims: { int: 0 } },
      },
      { op: 'Div', inputs: ['mean', 'scale'], outputs: ['unit'] },
      { op: 'MatMul', inputs: ['unit', 'matrix'], outputs: ['logits'] },
      { op: 'Softmax', inputs: ['logits'], outputs: ['probabilities'] },
    ],
  });
}
