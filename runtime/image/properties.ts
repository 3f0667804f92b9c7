import type { ImageInput } from '#contract/image-input.ts';
import type { ImageProperty } from '#contract/image-properties.ts';

export type PictureProperties = Readonly<Record<ImageProperty, number>>;

/** Luma of a picture that was measured last; kept, because all pictures of a model have one size. */
let luma = new Float64Array(0);

/**
 * What contract/image-properties.ts defines, of a tensor's elements and of the size that the upright picture was sent in.
 * Without pixels that have four neighbours, sharpness is 0.
 */
export function pictureProperties(
  data: Uint8Array,
  { width, height, layout }: ImageInput,
  sent: { readonly width: number; readonly height: number },
): PictureProperties {
  const pixels = width * height;
  if (luma.length !== pixels) luma = new Float64Array(pixels);
  const [step, channel] = layout === 'nhwc' ? [3, 1] : [1, pixels];
  let sum = 0;
  for (let i = 0, at = 0; i < pixels; i++, at += step) {
    const red = data[at] as number;
    const green = data[at + channel] as number;
    const blue = data[at + 2 * channel] as number;
    sum += luma[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  const brightness = sum / pixels;
  let squares = 0;
  for (let i = 0; i < pixels; i++) squares += ((luma[i] as number) - brightness) ** 2;
  return {
    brightness,
    contrast: Math.sqrt(squares / pixels),
    sharpness: laplacianVariance(luma, width, height),
    aspect: sent.width / sent.height,
    size: sent.width * sent.height,
  };
}

function laplacianVariance(values: Float64Array, width: number, height: number): number {
  const inner = (width - 2) * (height - 2);
  if (width < 3 || height < 3) return 0;
  let sum = 0;
  let squares = 0;
  for (let row = 1; row < height - 1; row++) {
    const end = (row + 1) * width - 1;
    for (let i = row * width + 1; i < end; i++) {
      const sides = (values[i - 1] as number) + (values[i + 1] as number);
      const value =
        (values[i - width] as number) + (values[i + width] as number) + sides - 4 * (values[i] as number);
      sum += value;
      squares += value * value;
    }
  }
  // Rounding may leave less than nothing of an even picture.
  return Math.max(0, squares / inner - (sum / inner) ** 2);
}
