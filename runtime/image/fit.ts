import type { ImageInput } from '#contract/image-input.ts';
import { rgbOfCmyk } from './cmyk.ts';
import type { Decoded } from './decode.ts';
import type { PictureHeader } from './header.ts';
import { isIdentity, placementOf } from './placement.ts';
import { resample, type Placement, type Resample, type Rgb } from './resample.ts';
import { simdResample } from './simd/index.ts';

/** Made when the first picture needs it. */
let resize: Resample | undefined;

/** A decoded picture's bytes in the order of the tensor. */
export function fit(picture: Decoded, image: ImageInput): Uint8Array<ArrayBuffer> {
  const { width, height, channels, data } = picture;
  const rgb: Rgb = { width, height, data: channels === 4 ? rgbOfCmyk(data) : data };
  const placement = placementOf(rgb, image);
  const fitted = isIdentity(rgb, placement) ? rgb : resized(rgb, image, placement);
  return image.layout === 'nhwc' ? fitted.data : planes(fitted.data);
}

function resized(rgb: Rgb, image: ImageInput, placement: Placement): Rgb {
  resize ??= simdResample() ?? resample;
  return resize(rgb, image.resize, placement);
}

/** Source pixels that `fit` has to look at: what its time depends on. */
export function effort({ width, height, cmyk }: PictureHeader, image: ImageInput): number {
  const asItIs = !cmyk && isIdentity({ width, height }, placementOf({ width, height }, image));
  const work = asItIs ? 0 : width * height + image.width * image.height;
  return image.layout === 'nhwc' ? work : work + image.width * image.height;
}

/** Red, green and blue one after the other instead of side by side. */
function planes(pixels: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = pixels.length / 3;
  const data = new Uint8Array(pixels.length);
  for (let i = 0, from = 0; i < size; i++, from += 3) {
    data[i] = pixels[from] as number;
    data[size + i] = pixels[from + 1] as number;
    data[2 * size + i] = pixels[from + 2] as number;
  }
  return data;
}
