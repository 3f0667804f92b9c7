import { crc32, deflateSync } from 'node:zlib';
import { sha256 } from '#contract/canonical.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import type { Rgb } from './resample.ts';

// Pictures and a model of pictures, for this room's tests.

/** The same picture as pillow-answers.py's `formula`. */
export function formulaPicture(width: number, height: number): Rgb {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[at++] = (x * 37 + y * 59 + c * 83 + ((x * y) % 97) * 3) % 256;
    }
  }
  return { width, height, data };
}

/** A PNG's chunk with its length and checksum. */
export function chunk(kind: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A PNG of 8 bits RGB; `claimed` dimensions in its header where they differ from the picture's. */
export function png({ width, height, data }: Rgb, claimed: { width?: number; height?: number } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(claimed.width ?? width, 0);
  header.writeUInt32BE(claimed.height ?? height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (width * 3 + 1));
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * width * 3, (y + 1) * width * 3), y * (width * 3 + 1) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

/** One colour everywhere. */
export function plain(width: number, height: number, colour: readonly [number, number, number]): Rgb {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3] ?? 0;
  return { width, height, data };
}

/** A few kilobytes that unpack to `side` x `side` black pixels, a bit each. */
export function bomb(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(1024 * 1024), { level: 9 });
  return Buffer.concat([
    png(plain(1, 1, [0, 0, 0])).subarray(0, 8),
    chunk('IHDR', header),
    chunk('IDAT', rows),
  ]);
}

/** Probabilities of red, green and blue: softmax of the picture's mean colour. Pictures of 8 x 6. */
export function colourBundle(
  image: Readonly<Record<string, unknown>> = {},
  manifest: Readonly<Record<string, unknown>> = {},
  batch: 'N' | 1 = 'N',
): BundleFiles {
  const {
    layout = 'nhwc',
    height = 6,
    width = 8,
  } = image as { layout?: string; height?: number; width?: number };
  const shape = layout === 'nhwc' ? [batch, height, width, 3] : [batch, 3, height, width];
  const model = onnxModel({
    inputs: [{ name: 'image', type: 'uint8', shape }],
    outputs: [{ name: 'probabilities', type: 'float32', shape: [batch, 3] }],
    initializers: [{ name: 'scale', type: 'float32', dims: [1], data: [1 / 255] }],
    nodes: [
      { op: 'Cast', inputs: ['image'], outputs: ['float'], attributes: { to: { int: 1 } } },
      { op: 'Mul', inputs: ['float', 'scale'], outputs: ['scaled'] },
      {
        op: 'ReduceMean',
        inputs: ['scaled'],
        outputs: ['mean'],
        attributes: { axes: { ints: layout === 'nhwc' ? [1, 2] : [2, 3] }, keepdims: { int: 0 } },
      },
      { op: 'Softmax', inputs: ['mean'], outputs: ['probabilities'], attributes: { axis: { int: 1 } } },
    ],
  });
  const files = new Map<string, Uint8Array>([
    ['model.onnx', model],
    ['golden/red.png', png(plain(16, 12, [255, 0, 0]))],
    ['golden.json', Buffer.from(JSON.stringify(GOLDEN))],
  ]);
  const listed = [...files].map(([name, bytes]) => [name, { sha256: sha256(bytes), size: bytes.byteLength }]);
  const dims = shape.map((size) => (typeof size === 'number' ? size : null));
  const described = {
    ...MANIFEST,
    files: Object.fromEntries(listed) as object,
    outputs: [{ name: 'probabilities', type: 'float32', shape: [batch === 'N' ? null : 1, 3] }],
    inputs: [{ name: 'image', type: 'uint8', shape: dims, image: { height, width, ...image } }],
    ...manifest,
  };
  return files.set('model.json', Buffer.from(JSON.stringify(described)));
}

const E = Math.E / (Math.E + 2);
const GOLDEN = {
  formatVersion: 1,
  rows: [{ input: { image: 'golden/red.png' }, output: { probabilities: [E, (1 - E) / 2, (1 - E) / 2] } }],
};

const MANIFEST = {
  formatVersion: 1,
  name: 'colours',
  version: '3',
  task: 'image-classification',
  labels: ['Red', 'Green', 'Blue'],
  decision: { output: 'probabilities' },
  golden: 'golden.json',
  response: {
    predict: {
      prediction: { from: 'label' },
      confidence: { from: 'confidence', decimals: 4 },
      probabilities: { from: 'probabilities' },
      processing_time: { from: 'durationSeconds' },
    },
  },
};
