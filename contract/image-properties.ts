import { z } from 'zod';

/**
 * What is measured of a picture to notice that other pictures come than those of training. With Y = 0.299 R + 0.587 G +
 * 0.114 B of the uint8 tensor [height, width, 3] that the graph gets, in double precision:
 * - brightness: mean of Y, 0..255; contrast: population standard deviation of Y
 * - sharpness: population variance of Y's Laplacian (up + down + left + right - 4 * middle) over the interior pixels
 * Of the picture as it was sent, after its EXIF orientation: aspect (width / height) and size (width * height, pixels).
 * test/support/image-properties.json has pictures with their numbers, for training and serving alike.
 */
export const imagePropertySchema = z.enum(['brightness', 'contrast', 'sharpness', 'aspect', 'size']);
export type ImageProperty = z.infer<typeof imagePropertySchema>;
export const IMAGE_PROPERTIES: readonly ImageProperty[] = imagePropertySchema.options;

/** A property's name among the features of reports and metrics. */
export function imageFeature(property: ImageProperty): `image.${ImageProperty}` {
  return `image.${property}`;
}
