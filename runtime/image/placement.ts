import type { ImageInput } from '#contract/image-input.ts';
import type { Placement } from './resample.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a picture of this size comes to lie in the tensor: model.json's `fit`. */
export function placementOf({ width, height }: Size, image: ImageInput): Placement {
  const part = { partWidth: image.width, partHeight: image.height };
  if (image.fit === 'stretch') return { width: image.width, height: image.height, x: 0, y: 0, ...part };
  const shorter = image.shorterSide ?? Math.max(image.width, image.height);
  // The longer side is cut to whole pixels, as torchvision's Resize does.
  const resized =
    width <= height
      ? { width: shorter, height: Math.trunc((shorter * height) / width) }
      : { width: Math.trunc((shorter * width) / height), height: shorter };
  return {
    ...resized,
    x: middle(resized.width - image.width),
    y: middle(resized.height - image.height),
    ...part,
  };
}

/** Half of what is left over, a half to the even side: Python's round, in torchvision's CenterCrop. */
function middle(spare: number): number {
  const floor = Math.floor(spare / 2);
  return spare % 2 === 1 && floor % 2 === 1 ? floor + 1 : floor;
}

/** The picture is in the tensor as it is. */
export function isIdentity(size: Size, { width, height, x, y, partWidth, partHeight }: Placement): boolean {
  return (
    size.width === width &&
    size.height === height &&
    x === 0 &&
    y === 0 &&
    width === partWidth &&
    height === partHeight
  );
}
