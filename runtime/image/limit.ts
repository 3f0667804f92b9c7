/** What a picture may have where nobody says: more than phones take, few enough to be decoded in a second or two. */
const MOST_PIXELS = 50_000_000;
/** A decoded pixel, and what a decoder keeps beside it: the coefficients of a progressive JPEG, above all. */
const BYTES_PER_PIXEL = 12;
/** The part of the memory limit that pictures may take. */
const SHARE = 1 / 2;
const FEWEST_PIXELS = 1_000_000;

/** How many pixels a picture may have: as told, else what fits into the memory limit (bytes, as text), at most 50 million. */
export function pixelLimit(told: number | undefined, memoryLimit: string | undefined): number {
  if (told !== undefined) return told;
  const bytes = Number(memoryLimit?.trim() || NaN);
  if (!Number.isFinite(bytes) || bytes <= 0) return MOST_PIXELS;
  const fitting = Math.floor((bytes * SHARE) / BYTES_PER_PIXEL);
  return Math.min(MOST_PIXELS, Math.max(FEWEST_PIXELS, fitting));
}
