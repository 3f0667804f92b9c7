import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { resizeFilterSchema, type ResizeFilter } from '#contract/image-input.ts';
import { resample, type Placement, type Rgb } from '../resample.ts';
import { formulaPicture } from '../test-pictures.ts';
import { simdResample } from './index.ts';

const resize = simdResample() ?? expect.unreachable('this processor has no vector instructions');

/** Hard edges, where filters overshoot, and everything between. */
function noisy(width: number, height: number, seed: number): Rgb {
  const picture = formulaPicture(width, height);
  let state = seed;
  for (let i = 0; i < picture.data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    picture.data[i] = state < 2 ** 30 ? 0 : state < 2 ** 31 ? 255 : state >>> 24;
  }
  return picture;
}

function whole(width: number, height: number): Placement {
  return { width, height, x: 0, y: 0, partWidth: width, partHeight: height };
}

function expectSame(source: Rgb, filter: ResizeFilter, placement: Placement): void {
  const [made, wanted] = [resize(source, filter, placement), resample(source, filter, placement)];
  expect([made.width, made.height]).toEqual([wanted.width, wanted.height]);
  expect(Buffer.compare(made.data, wanted.data)).toBe(0);
}

test('any part of any picture has the same bytes as without vector instructions', () => {
  const side = fc.integer({ min: 1, max: 90 });
  /** A side of the resized picture, and the part of it that is wanted. */
  const axis = fc.record({ from: side, to: side, keep: fc.boolean(), part: fc.nat(), at: fc.nat() });
  const place = ({
    from,
    to,
    keep,
    part,
    at,
  }: {
    from: number;
    to: number;
    keep: boolean;
    part: number;
    at: number;
  }) => {
    const length = keep ? from : to;
    const wanted = 1 + (part % length);
    return { length, wanted, first: at % (length - wanted + 1) };
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...resizeFilterSchema.options),
      axis,
      axis,
      fc.nat(),
      (filter, x, y, seed) => {
        const [across, down] = [place(x), place(y)];
        expectSame(noisy(x.from, y.from, seed), filter, {
          width: across.length,
          height: down.length,
          x: across.first,
          y: down.first,
          partWidth: across.wanted,
          partHeight: down.wanted,
        });
      },
    ),
    { numRuns: 400 },
  );
});

test.each(resizeFilterSchema.options)(
  'pictures larger than what is worked on at a time are whole with %s',
  (filter) => {
    // Several stripes of the source, and several bands of rows.
    expectSame(noisy(1900, 90, 1), filter, whole(70, 40));
    expectSame(noisy(1800, 1300, 2), filter, whole(1100, 50));
    // The same where the columns are made first.
    expectSame(noisy(700, 3600, 3), filter, whole(20, 50));
  },
);

test('which pass comes first depends on the whole picture and not on the part', () => {
  for (const resize of [resample, simdResample() ?? expect.unreachable('no vector instructions')]) {
    const [width, height] = [45, 13];
    const all = resize(noisy(61, 47, 1), 'lanczos', whole(width, height));
    const part = { width, height, x: 30, y: 2, partWidth: 5, partHeight: 10 };
    const made = resize(noisy(61, 47, 1), 'lanczos', part);
    for (let row = 0; row < part.partHeight; row++) {
      const from = ((part.y + row) * width + part.x) * 3;
      expect(made.data.slice(row * 15, row * 15 + 15)).toEqual(all.data.slice(from, from + 15));
    }
  }
});

test('a size may change from picture to picture, and the next of the same size is as right as the first', () => {
  const sizes = [whole(30, 20), whole(30, 20), whole(20, 30), whole(61, 20), whole(30, 20)];
  for (const [seed, size] of sizes.entries()) expectSame(noisy(61, 47, seed), 'bilinear', size);
});

test('the answer is not overwritten by the next picture', () => {
  const first = resize(noisy(50, 50, 1), 'bicubic', whole(9, 9));
  const copy = Uint8Array.from(first.data);
  resize(noisy(50, 50, 2), 'bicubic', whole(9, 9));
  expect(first.data).toEqual(copy);
});

test('a column of very many pixels takes memory for its bytes, not for its height at the wanted width', () => {
  const source = formulaPicture(1, 300_000);
  const before = process.memoryUsage.rss();
  resize(source, 'box', whole(224, 224));
  // All its rows at the wanted width would be 202 MB.
  expect(process.memoryUsage.rss() - before).toBeLessThan(60e6);
});
