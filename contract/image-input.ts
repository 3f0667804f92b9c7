import { z } from 'zod';

/** Pillow's filters of these names (Image.Resampling), antialiased when a picture gets smaller. */
export const resizeFilterSchema = z.enum(['box', 'bilinear', 'bicubic', 'lanczos']);
export type ResizeFilter = z.infer<typeof resizeFilterSchema>;

const sideSchema = z.int().min(1).max(8192);

/**
 * How a picture (JPEG, PNG, WebP) becomes a uint8 tensor [N, height, width, 3] (nhwc) or [N, 3, height, width] (nchw), so
 * that training can do the very same: turned as its EXIF says, its RGB without alpha and without colour management, resized
 * as Pillow's Image.resize does. Scaling and normalising are in the graph.
 */
export const imageInputSchema = z
  .strictObject({
    height: sideSchema.describe('Pixels from top to bottom that the graph takes.'),
    width: sideSchema.describe('Pixels from left to right that the graph takes.'),
    resize: resizeFilterSchema
      .default('bilinear')
      .describe('The filter that training resizes with, as Pillow names it.'),
    fit: z
      .enum(['stretch', 'crop'])
      .default('stretch')
      .describe(
        'stretch: both sides become what the graph takes, whatever becomes of the proportions. crop: the shorter side becomes shorterSide, and the middle is cut out, as by the Resize and CenterCrop of torchvision.',
      ),
    shorterSide: sideSchema
      .optional()
      .describe('For fit crop, in pixels; absent, it is the longer one of height and width.'),
    layout: z
      .enum(['nhwc', 'nchw'])
      .default('nhwc')
      .describe(
        'The order of dimensions in the tensor: nhwc is [N, height, width, 3], nchw is [N, 3, height, width].',
      ),
  })
  .check(({ value, issues }) => {
    const { fit, shorterSide, height, width } = value;
    const problem =
      shorterSide === undefined
        ? undefined
        : fit === 'stretch'
          ? 'is for fit "crop" alone'
          : shorterSide < Math.max(height, width)
            ? `is ${shorterSide}: too short to cut ${width} x ${height} out of it`
            : undefined;
    if (problem !== undefined) {
      issues.push({ code: 'custom', path: ['shorterSide'], input: shorterSide, message: problem });
    }
  });
export type ImageInput = Readonly<z.infer<typeof imageInputSchema>>;

/** What of an input's tensor the pictures do not fit; undefined where they do. */
export function imageTensorProblem(
  type: string,
  shape: readonly (number | null)[],
  image: ImageInput,
): string | undefined {
  if (type !== 'uint8') return `is ${type}; pictures are uint8, scaling belongs into the graph`;
  const wanted = imageDims(image);
  const batch = shape[0] === null || shape[0] === 1;
  const inner = shape.slice(1);
  const fits =
    batch &&
    inner.length === wanted.length &&
    inner.every((size, axis) => size === null || size === wanted[axis]);
  return fits
    ? undefined
    : `has shape [${shape.map((size) => size ?? 'null').join(', ')}]; pictures are [null, ${wanted.join(', ')}]`;
}

/** One picture's dimensions in the tensor. */
export function imageDims({ height, width, layout }: ImageInput): readonly number[] {
  return layout === 'nhwc' ? [height, width, 3] : [3, height, width];
}
