import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { imageInputSchema } from '#contract/image-input.ts';
import { imagePropertySchema } from '#contract/image-properties.ts';
import { pictureProperties } from './properties.ts';
import { PictureReader } from './reader.ts';
import { formulaPicture, plain } from './test-pictures.ts';

/** What training measures of the same pictures, to the last digit that matters. */
const { image, tolerance, pictures } = z
  .object({
    image: imageInputSchema,
    tolerance: z.number(),
    pictures: z.array(
      z.object({ what: z.string(), file: z.base64(), properties: z.record(imagePropertySchema, z.number()) }),
    ),
  })
  .parse(JSON.parse(await readFile('test/support/image-properties.json', 'utf8')));

describe.each(['nhwc', 'nchw'] as const)('as %s', (layout) => {
  let reader: PictureReader;
  beforeAll(async () => {
    reader = await PictureReader.open({
      image: { ...image, layout },
      threads: 1,
      maxPixels: 1_000_000,
      measure: true,
    });
  });
  afterAll(() => reader.close());

  test.each(pictures)('$what has the numbers that training measures', async ({ file, properties }) => {
    const checked = reader.check({ bytes: Buffer.from(file, 'base64'), declared: undefined });
    if (checked.kind === 'refused') throw new Error(checked.refusal.message);
    const read = await reader.read(checked);
    const differs = Object.entries(properties).filter(([name, value]) => {
      const measured = read.properties?.[imagePropertySchema.parse(name)] ?? NaN;
      return !(Math.abs(measured - value) <= tolerance * Math.max(1, value));
    });
    expect(differs).toEqual([]);
  });
});

test('an even picture has no contrast and no sharpness, and one without inner pixels no sharpness', () => {
  const even = pictureProperties(plain(8, 6, [10, 200, 30]).data, image, { width: 80, height: 40 });
  expect(even).toMatchObject({ aspect: 2, size: 3200 });
  expect(even.brightness).toBeCloseTo(0.299 * 10 + 0.587 * 200 + 0.114 * 30, 9);
  expect(even.contrast).toBeLessThan(1e-9);
  expect(even.sharpness).toBeLessThan(1e-9);
  const narrow = { ...image, width: 2, height: 3 };
  expect(pictureProperties(formulaPicture(2, 3).data, narrow, { width: 2, height: 3 }).sharpness).toBe(0);
});

test('measuring 256 x 256 pixels takes less than 2 ms', () => {
  const side = { ...image, width: 256, height: 256 };
  const { data } = formulaPicture(256, 256);
  const once = (): number => {
    const start = performance.now();
    pictureProperties(data, side, side);
    return performance.now() - start;
  };
  for (let i = 0; i < 20; i++) once();
  // The least of many is the code's own time, whatever else the machine does.
  expect(Math.min(...Array.from({ length: 50 }, once))).toBeLessThan(2);
});
