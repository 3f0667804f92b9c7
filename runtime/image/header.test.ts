import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokenPicture, formatOf, readHeader } from './header.ts';
import { DECODED } from './pillow-answers.ts';
import { bomb } from './test-pictures.ts';

const PICTURES = DECODED.map((line) => Buffer.from(line.split('|')[4] ?? '', 'base64'));

function dimensions(bytes: Buffer): readonly number[] | undefined {
  const format = formatOf(bytes);
  if (format === undefined) return undefined;
  const { width, height } = readHeader(bytes, format);
  return [width, height];
}

test('dimensions are those before the picture is turned', () => {
  for (const bytes of PICTURES) expect(dimensions(bytes)).toEqual([20, 14]);
});

test('a JPEG of four inks is told from the others', () => {
  const cmyk = PICTURES.filter((bytes) => formatOf(bytes) === 'jpeg' && readHeader(bytes, 'jpeg').cmyk);
  expect(cmyk).toHaveLength(1);
});

test('what is no picture has no format', () => {
  for (const text of ['', 'GIF89a', '{"x": 1}', 'RIFF....WAVE', '\xff\xd8', '\x89PNG\r\n']) {
    expect(formatOf(Buffer.from(text, 'latin1'))).toBeUndefined();
  }
});

test('the dimensions of a bomb are known at once', () => {
  const bytes = bomb(50_000);
  const started = performance.now();
  expect(dimensions(bytes)).toEqual([50_000, 50_000]);
  expect(performance.now() - started).toBeLessThan(10);
});

test('however a picture is broken, its header is read or refused', () => {
  const broken = fc.record({
    picture: fc.constantFrom(...PICTURES),
    length: fc.nat({ max: 700 }),
    changes: fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 })), { maxLength: 6 }),
  });
  fc.assert(
    fc.property(broken, ({ picture, length, changes }) => {
      const bytes = Buffer.from(picture.subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        const [width = 1, height = 1] = dimensions(bytes) ?? [];
        expect(width * height).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenPicture);
      }
    }),
    { numRuns: 5000 },
  );
});

test('a JPEG of nothing but padding ends soon', () => {
  const started = performance.now();
  const padding = Buffer.alloc(4_000_000, 0xff);
  padding[1] = 0xd8;
  expect(() => readHeader(padding, 'jpeg')).toThrow(BrokenPicture);
  expect(performance.now() - started).toBeLessThan(500);
});
