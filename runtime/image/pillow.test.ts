import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { resizeFilterSchema, type ImageInput } from '#contract/image-input.ts';
import { openDecoder, type Decode } from './decode.ts';
import { fit } from './fit.ts';
import { formatOf, readHeader } from './header.ts';
import { DECODED, PILLOW, RESIZED } from './pillow-answers.ts';
import { PictureReader } from './reader.ts';
import { resample } from './resample.ts';
import { simdResample } from './simd/index.ts';
import { formulaPicture, plain, png } from './test-pictures.ts';

let decode: Decode;
beforeAll(async () => {
  decode = await openDecoder(1_000_000);
});

const pictures = DECODED.map((line) => {
  const [name = '', width, height, digest, base64 = ''] = line.split('|');
  return { name, width: Number(width), height: Number(height), digest, bytes: Buffer.from(base64, 'base64') };
});

describe(`a picture has the very bytes that Pillow ${PILLOW} gives training`, () => {
  test.each(pictures)('$name', async ({ bytes, width, height, digest }) => {
    const header = readHeader(bytes, formatOf(bytes) ?? 'png');
    const image: ImageInput = { width, height, resize: 'bilinear', fit: 'stretch', layout: 'nhwc' };
    expect(sha256(fit(await decode(bytes, header), image))).toBe(digest);
  });

  test('every format, and what turns it, is among them', () => {
    expect(new Set(pictures.map(({ bytes }) => formatOf(bytes)))).toEqual(new Set(['jpeg', 'png', 'webp']));
    expect(pictures.filter(({ width }) => width === 14).length).toBeGreaterThan(4);
  });
});

test('so it has on the way that requests take, through other threads and their decoders', async () => {
  const sizes = new Set(pictures.map(({ width, height }) => `${width} ${height}`));
  for (const size of sizes) {
    const [width = 0, height = 0] = size.split(' ').map(Number);
    const image: ImageInput = { width, height, resize: 'bilinear', fit: 'stretch', layout: 'nhwc' };
    await using reader = await openReader(image);
    for (const { name, bytes, digest } of pictures.filter((one) => one.width === width)) {
      const checked = reader.check({ bytes, declared: undefined });
      if (checked.kind !== 'picture') expect.unreachable(`${name} is refused`);
      const { data } = await reader.read(checked);
      expect([name, sha256(data as Uint8Array)]).toEqual([name, digest]);
    }
  }
});

async function openReader(image: ImageInput): Promise<PictureReader & AsyncDisposable> {
  const reader = await PictureReader.open({ image, threads: 1, maxPixels: 1_000_000 });
  return Object.assign(reader, { [Symbol.asyncDispose]: () => reader.close() });
}

describe.each([
  ['with vector instructions', simdResample() ?? expect.unreachable('this processor has none')],
  ['without vector instructions', resample],
])(`a picture is resized to the very bytes that Pillow ${PILLOW} gives training, %s`, (_, resize) => {
  const answers = RESIZED.map((line) => {
    const [filter, width, height, digest] = line.split('|');
    return { filter: resizeFilterSchema.parse(filter), width: Number(width), height: Number(height), digest };
  });
  test.each(answers)('$filter, $width x $height', ({ filter, width, height, digest }) => {
    const whole = { width, height, x: 0, y: 0, partWidth: width, partHeight: height };
    expect(sha256(resize(formulaPicture(61, 47), filter, whole).data)).toBe(digest);
  });
});

test('the memory of pictures is given back', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bytes = png(plain(512, 512, [1, 2, 3]));
  const decodeSome = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i++) {
      await decode(bytes, readHeader(bytes, 'png'));
      if (i % 10 > 0) continue;
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage.rss();
  };
  const before = await decodeSome(20);
  // Kept, these would be 79 MB.
  expect((await decodeSome(100)) - before).toBeLessThan(40e6);
});

test('16 bits of grey become 8 by their upper half, where Pillow cuts off at 255', async () => {
  const bytes = Buffer.from(GREY_16, 'base64');
  const { data } = await decode(bytes, readHeader(bytes, 'png'));
  expect([...data]).toEqual([0, 0, 0, 0x12, 0x12, 0x12, 0xab, 0xab, 0xab, 0xff, 0xff, 0xff]);
});

/** 4 x 1, of 16 bits: 0x00ff, 0x1234, 0xabcd, 0xffff. */
const GREY_16 =
  'iVBORw0KGgoAAAANSUhEUgAAAAQAAAABEAAAAACMx4xSAAAAEUlEQVR4nGNg+C9ksvrs//8AEIIEvMQGteIAAAAASUVORK5CYII=';
