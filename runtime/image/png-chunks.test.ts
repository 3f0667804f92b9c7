import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { withoutTexts } from './png-chunks.ts';
import { chunk, formulaPicture, png } from './test-pictures.ts';

const PLAIN = png(formulaPicture(16, 12));
/** The signature and IHDR. */
const HEAD = 8 + 12 + 13;

function withChunks(...chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([PLAIN.subarray(0, HEAD), ...chunks, PLAIN.subarray(HEAD)]);
}

const compressed = Buffer.concat([
  Buffer.from('Comment\0\0', 'latin1'),
  deflateSync(Buffer.alloc(1_000_000)),
]);

test.each([
  ['zTXt', compressed],
  ['iTXt', Buffer.from('XML:com.adobe.xmp\0\0\0\0\0<x/>', 'latin1')],
  ['tEXt', Buffer.from('Comment\0text', 'latin1')],
  ['iCCP', compressed],
])('%s is dropped wherever it stands, and the pixels stay', async (kind, data) => {
  const text = chunk(kind, data);
  const given = Buffer.concat([withChunks(text, text).subarray(0, -12), text, PLAIN.subarray(-12)]);
  expect(withoutTexts(given)).toEqual(PLAIN);
});

test('a PNG without any is taken as it is', () => {
  expect(withoutTexts(PLAIN)).toBe(PLAIN);
});

test('what else a PNG has stays', async () => {
  const turned = await sharp(PLAIN)
    .withExif({ IFD0: { Orientation: '6' } })
    .png()
    .toBuffer();
  const kept = withoutTexts(
    Buffer.concat([turned.subarray(0, HEAD), chunk('tEXt', compressed), turned.subarray(HEAD)]),
  );
  expect((await sharp(kept).metadata()).orientation).toBe((await sharp(turned).metadata()).orientation);
  expect(kept.includes('eXIf')).toBe(turned.includes('eXIf'));
});

test.each([
  ['that ends within a text', withChunks(chunk('zTXt', compressed)).subarray(0, HEAD + 200)],
  ['whose chunk is longer than the file', withChunks(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]))],
  ['of its signature alone', PLAIN.subarray(0, 8)],
])('a PNG %s does no harm', (_case, bytes) => {
  expect(withoutTexts(bytes).length).toBeLessThanOrEqual(bytes.length);
});
