import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { DECODED } from '../pillow-answers.ts';
import { isPlain, openTurbo } from './index.ts';

const decode = (await openTurbo(1_000_000)) ?? expect.unreachable('libjpeg-turbo is not there');
const jpegs = DECODED.map((line) => {
  const [name = '', width, height, digest, base64 = ''] = line.split('|');
  return { name, width: Number(width), height: Number(height), digest, bytes: Buffer.from(base64, 'base64') };
}).filter(({ name }) => name.startsWith('jpeg'));
const plain = jpegs.filter(({ name }) => !/cmyk|turned/.test(name));
const first = plain[0]?.bytes ?? expect.unreachable('there is no plain JPEG');

/** An Exif segment with one entry right after the start of a JPEG. */
function withExif(jpeg: Buffer, entry: readonly number[]): Buffer {
  const tiff = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, ...entry, 0, 0, 0, 0];
  const content = [...Buffer.from('Exif\0\0'), ...tiff];
  const segment = Buffer.from([0xff, 0xe1, 0, content.length + 2, ...content]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

const orientation = (value: number): readonly number[] => [0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0];

describe('a JPEG without anything special', () => {
  test.each(plain)('is known and has the very bytes that Pillow gives training: $name', (picture) => {
    expect(isPlain(picture.bytes)).toBe(true);
    const { width, height, data } = decode(picture.bytes) ?? expect.unreachable('it is not decoded');
    expect([width, height, sha256(data)]).toEqual([picture.width, picture.height, picture.digest]);
  });

  test('may say that it is upright, or nothing of how it lies', () => {
    expect(isPlain(withExif(first, orientation(1)))).toBe(true);
    expect(isPlain(withExif(first, [0x1a, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]))).toBe(true);
  });
});

describe('what is left to the decoder that knows everything', () => {
  test.each(jpegs.filter((jpeg) => !plain.includes(jpeg)))('$name', ({ bytes }) => {
    expect(isPlain(bytes)).toBe(false);
  });

  test.each([0, 2, 3, 4, 5, 6, 7, 8, 9])('orientation %i', (value) => {
    expect(isPlain(withExif(first, orientation(value)))).toBe(false);
  });

  test('a JPEG that is cut short, or larger than allowed', async () => {
    expect(decode(first.subarray(0, -20))).toBeUndefined();
    const small = await openTurbo(100);
    expect(small?.(first)).toBeUndefined();
  });

  test('more scans than a camera makes', () => {
    const start = first.indexOf(Buffer.from([0xff, 0xda]));
    const scan = first.subarray(start, -2);
    const many = (count: number): Buffer =>
      Buffer.concat([
        first.subarray(0, start),
        ...Array.from({ length: count }, () => scan),
        first.subarray(-2),
      ]);
    expect(decode(many(1))).toBeDefined();
    expect(decode(asProgressive(many(30)))).toBeUndefined();
  });
});

test('a JPEG without tables is not decoded with those of the JPEG before it', () => {
  const table = first.indexOf(Buffer.from([0xff, 0xdb]));
  const bare = Buffer.concat([
    first.subarray(0, table),
    first.subarray(table + 2 + first.readUInt16BE(table + 2)),
  ]);
  expect(decode(first)).toBeDefined();
  expect(decode(bare)).toBeUndefined();
});

test('whatever bytes come, they are looked at and decoded or left, and the next JPEG is as right as before', () => {
  const changes = fc.array(fc.tuple(fc.nat(first.length - 1), fc.integer({ min: 0, max: 255 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.constantFrom(...jpegs), changes, fc.nat(), ({ bytes }, edits, cut) => {
      const broken = Buffer.from(bytes.subarray(0, cut % 3 === 0 ? cut % bytes.length : bytes.length));
      for (const [at, value] of edits) if (at < broken.length) broken[at] = value;
      if (isPlain(broken)) decode(broken);
    }),
    { numRuns: 2000 },
  );
  expect(sha256(decode(first)?.data ?? new Uint8Array())).toBe(plain[0]?.digest);
});

/** The same bytes said to be progressive: what its scans hold is then wrong, and there are too many. */
function asProgressive(jpeg: Buffer): Buffer {
  const changed = Buffer.from(jpeg);
  changed[jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 1] = 0xc2;
  return changed;
}
