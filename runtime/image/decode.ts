import type { Sharp, SharpOptions } from 'sharp';
import { BrokenPicture, FORMAT_NAMES, type PictureHeader } from './header.ts';
import { withoutTexts } from './png-chunks.ts';

/** A decoded picture: RGB, or the inks of a CMYK JPEG, a byte per channel, upright. */
export interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array<ArrayBuffer>;
}

export type Decode = (bytes: Buffer, header: PictureHeader) => Promise<Decoded>;

/** A small file can hold hours of work for a decoder: a progressive JPEG of very many scans. */
const DECODE_SECONDS = 10;

/** What cameras and phones get wrong, and every decoder shows all the same. */
const HARMLESS = /Invalid SOS parameters|extraneous bytes before marker/;

/**
 * Loads the decoder, which runs on libuv's threads, one per picture. Without the cache that libvips keeps for repeated
 * operations on the same file: no picture comes twice.
 */
export async function openDecoder(maxPixels: number): Promise<Decode> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(1);
  const pixels = (bytes: Buffer, header: PictureHeader, failOn: SharpOptions['failOn']) =>
    read(sharp(bytes, { failOn, limitInputPixels: maxPixels, ignoreIcc: true, autoOrient: true }), header);
  return async (given, header) => {
    const bytes = header.format === 'png' ? withoutTexts(given) : given;
    try {
      return await pixels(bytes, header, 'warning');
    } catch (error) {
      if (!HARMLESS.test(String(error))) throw broken(error, header);
      return pixels(bytes, header, 'error').catch((cause: unknown) => {
        throw broken(cause, header);
      });
    }
  };
}

/** Alpha is dropped and inks are left to us, as Pillow's convert('RGB') has it; 16 bits become 8. */
async function read(picture: Sharp, { cmyk }: PictureHeader): Promise<Decoded> {
  const channels = cmyk
    ? picture.pipelineColourspace('cmyk').toColourspace('cmyk')
    : picture.removeAlpha().toColourspace('srgb');
  // Not toUint8Array: in sharp 0.35.5 its memory is never given back.
  const { data, info } = await channels
    .timeout({ seconds: DECODE_SECONDS })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== (cmyk ? 4 : 3)) throw new Error(`the decoder gave ${info.channels} channels`);
  return {
    width: info.width,
    height: info.height,
    channels: cmyk ? 4 : 3,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
}

function broken(error: unknown, { format }: PictureHeader): BrokenPicture {
  const text = error instanceof Error ? error.message : String(error);
  const why = text.split('\n')[0] ?? text;
  return new BrokenPicture(`the ${FORMAT_NAMES[format]} cannot be decoded: ${why.slice(0, 200)}`, {
    cause: error,
  });
}
