import { imageDims, type ImageInput } from '#contract/image-input.ts';
import type { Nested } from '#runtime/protocol/nested.ts';
import { openDecoder, type Decode } from './decode.ts';
import { declaredFormat, type PictureFile } from './files.ts';
import { effort, fit } from './fit.ts';
import { BrokenPicture, FORMAT_NAMES, formatOf, readHeader, type PictureHeader } from './header.ts';
import { PictureThreads, type Fitted } from './picture-threads.ts';
import { pictureProperties, type PictureProperties } from './properties.ts';
import { Turns } from './turns.ts';

export interface ReaderOptions {
  readonly image: ImageInput;
  /** Whole cores of the CPU limit: so many pictures are decoded at once. */
  readonly threads: number;
  /** A larger picture is refused before it is decoded. */
  readonly maxPixels: number;
  /** Properties are wanted beside the tensor. */
  readonly measure?: boolean;
}

/** A picture as a row of the model's input. */
export interface ReadPicture extends Nested {
  readonly properties: PictureProperties | undefined;
}

/** Why a picture is not taken: what it is, which of the HTTP statuses that makes, and the way out. */
export interface Refusal {
  readonly kind: 'type' | 'broken' | 'large';
  readonly message: string;
}

export type Checked =
  | { readonly kind: 'picture'; readonly header: PictureHeader; readonly bytes: Buffer }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** So many source pixels are fitted in less time than the way to another thread and back is worth. */
const QUICK_PIXELS = 32 * 1024;
/** A JPEG has no longer sides. Resizing takes memory and time by the longer one, however few pixels there are. */
const LONGEST_SIDE = 65_535;
/** A picture waits at most so long for its turn to be decoded. */
const WAIT_MS = 250;

/** From a picture's bytes to the tensor's elements. */
export class PictureReader {
  readonly image: ImageInput;
  readonly #maxPixels: number;
  readonly #measure: boolean;
  readonly #decode: Decode;
  readonly #threads: PictureThreads;
  readonly #turns: Turns;

  static async open(options: ReaderOptions): Promise<PictureReader> {
    return new PictureReader(options, await openDecoder(options.maxPixels));
  }

  private constructor({ image, threads, maxPixels, measure = false }: ReaderOptions, decode: Decode) {
    this.image = image;
    this.#maxPixels = maxPixels;
    this.#measure = measure;
    this.#decode = decode;
    this.#threads = new PictureThreads({ image, maxPixels, measure });
    this.#turns = new Turns({ slots: threads, pixels: maxPixels, waitMs: WAIT_MS });
  }

  /** Whether these may wait for their turn, too. */
  hasRoom(pictures: readonly Extract<Checked, { kind: 'picture' }>[]): boolean {
    return this.#turns.hasRoom(pictures.map(({ header }) => header.width * header.height));
  }

  /** Looks at the first bytes alone. */
  check({ bytes, declared }: PictureFile): Checked {
    const refused = (kind: Refusal['kind'], message: string): Checked => ({
      kind: 'refused',
      refusal: { kind, message },
    });
    if (bytes.length === 0) return refused('broken', 'is empty: it has 0 bytes');
    const format = formatOf(bytes);
    if (format === undefined) {
      return refused('type', `is no JPEG, PNG or WebP: it begins with ${firstBytes(bytes)}`);
    }
    if (declared !== undefined && declaredFormat(declared) !== format) {
      return refused(
        'type',
        `says that it is ${declared.slice(0, 60)}, and its bytes are ${FORMAT_NAMES[format]}`,
      );
    }
    try {
      const header = readHeader(bytes, format);
      const { width, height } = header;
      if (Math.max(width, height) > LONGEST_SIDE) {
        const limit = `this server takes sides of at most ${LONGEST_SIDE}`;
        return refused('large', `is ${width} x ${height} pixels, ${limit}; make it smaller before sending`);
      }
      if (width * height <= this.#maxPixels) return { kind: 'picture', header, bytes };
      const limit = `this server takes at most ${this.#maxPixels} pixels`;
      return refused('large', `is ${width} x ${height} pixels, ${limit}; make it smaller before sending`);
    } catch (error) {
      if (error instanceof BrokenPicture) return refused('broken', error.message);
      throw error;
    }
  }

  /** Decodes and fits, when its turn comes, unless nobody waits for it any more. Throws BrokenPicture. */
  async read(
    { header, bytes }: Extract<Checked, { kind: 'picture' }>,
    gone: () => boolean = () => false,
  ): Promise<ReadPicture> {
    const fitted = await this.#turns.take(header.width * header.height, async (): Promise<Fitted> => {
      if (gone()) throw new BrokenPicture('its sender has gone away');
      if (header.format === 'jpeg' || effort(header, this.image) > QUICK_PIXELS) {
        return this.#threads.read(bytes, header);
      }
      const picture = await this.#decode(bytes, header);
      const data = fit(picture, this.image);
      return { data, properties: this.#measure ? pictureProperties(data, this.image, picture) : undefined };
    });
    return { dims: imageDims(this.image), ...fitted };
  }

  /** Ends threads; a picture that they work on is finished first. */
  close(): Promise<void> {
    return this.#threads.close();
  }
}

function firstBytes(bytes: Buffer): string {
  const known = KNOWN.find(([magic]) => bytes.toString('latin1', 0, 16).includes(magic))?.[1];
  const hex = bytes
    .subarray(0, 8)
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ');
  return known === undefined ? hex : `${hex} (${known})`;
}

/** What people send instead. */
const KNOWN: readonly (readonly [magic: string, name: string])[] = [
  ['GIF8', 'GIF'],
  ['%PDF', 'PDF'],
  ['ftypavif', 'AVIF'],
  ['ftyphei', 'HEIC'],
  ['ftypmif1', 'HEIF'],
  ['II*\0', 'TIFF'],
  ['MM\0*', 'TIFF'],
  ['<svg', 'SVG'],
  ['BM', 'BMP'],
];
