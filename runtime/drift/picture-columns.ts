import { IMAGE_PROPERTIES, imageFeature, type ImageProperty } from '#contract/image-properties.ts';
import type { Manifest, Reference } from '#contract/model-manifest.ts';
import { layoutOf } from './bins.ts';
import type { Columns, NotCompared, PictureColumn } from './columns.ts';

const DESCRIPTIONS: Readonly<Record<ImageProperty, string>> = {
  brightness: 'Mean luma of the picture as the model is given it, 0 to 255.',
  contrast: 'Standard deviation of the luma.',
  sharpness: "Variance of the luma's Laplacian: small for a picture out of focus.",
  aspect: 'Width by height of the picture as it was sent.',
  size: 'Pixels of the picture as it was sent.',
};

/** The properties of pictures that the reference has bins for; the first counter is `at`. */
export function pictureColumns(
  { inputs }: Manifest,
  { image = {} }: Reference,
  at: number,
): Omit<Columns, 'compared'> & { readonly compared: readonly PictureColumn[] } {
  const compared: PictureColumn[] = [];
  const notCompared: NotCompared[] = [];
  const takesPictures = inputs.some((input) => input.image !== undefined);
  let counters = 0;
  for (const property of IMAGE_PROPERTIES) {
    const bins = image[property];
    if (bins === undefined) continue;
    const name = imageFeature(property);
    const layout = takesPictures
      ? layoutOf(bins, { type: 'float64', integer: false })
      : { reason: 'reference.json has bins for it, but the model takes no pictures' };
    if ('reason' in layout) {
      notCompared.push({ name, reason: layout.reason });
    } else if (layout.kind === 'numeric') {
      const { edges } = layout;
      const description = DESCRIPTIONS[property];
      compared.push({ name, role: 'picture', description, property, layout, edges, at: at + counters });
      counters += layout.reference.length;
    }
  }
  return { compared, notCompared, counters };
}
