import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LibraryHandle } from 'koffi';

/** Pixels of red, green and blue, a byte each. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Decodes where it is called. Undefined for whatever is not perfectly in order. The pixels last until the next call. */
export type DecodeJpeg = (bytes: Uint8Array) => Pixels | undefined;

const LIBRARY = '@julusian/jpeg-turbo';
/** turbojpeg.h: TJINIT_DECOMPRESS, TJPF_RGB and some of TJPARAM. */
const DECOMPRESS = 1;
const RGB = 0;
const PARAMETER = { stopOnWarning: 0, width: 5, height: 6, scanLimit: 13 } as const;
/** Progressive JPEGs have about ten; one with thousands is hours of work. */
const MOST_SCANS = 20;
/** The pixels of one very large picture are not kept for the next ones. */
const KEPT_BYTES = 16 * 1024 * 1024;

/**
 * libjpeg-turbo by its own interface: no pipeline, no thread of its own, into memory that is there. The package has it as
 * a library beside a binding, whose quicker inverse transform has other pixels than Pillow; so the library is called
 * itself. Undefined where it is not to be had.
 */
export async function openTurbo(maxPixels: number): Promise<DecodeJpeg | undefined> {
  const file = libraryFile();
  if (file === undefined) return undefined;
  const library = await load(file);
  if (library === undefined) return undefined;
  const init = library.func('void *tj3Init(int type)') as (type: number) => unknown;
  const destroy = library.func('void tj3Destroy(void *handle)') as (handle: unknown) => void;
  const set = library.func('int tj3Set(void *handle, int parameter, int value)') as Integers;
  const get = library.func('int tj3Get(void *handle, int parameter)') as Integers;
  const readHeader = library.func(
    'int tj3DecompressHeader(void *handle, const uint8_t *jpeg, size_t size)',
  ) as (handle: unknown, jpeg: Uint8Array, size: number) => number;
  const decompress = library.func(
    'int tj3Decompress8(void *handle, const uint8_t *jpeg, size_t size, uint8_t *pixels, int pitch, int format)',
  ) as (
    handle: unknown,
    jpeg: Uint8Array,
    size: number,
    pixels: Uint8Array,
    pitch: number,
    format: number,
  ) => number;

  let kept = new Uint8Array(0);
  const decode = (handle: unknown, bytes: Uint8Array): Pixels | undefined => {
    set(handle, PARAMETER.stopOnWarning, 1);
    set(handle, PARAMETER.scanLimit, MOST_SCANS);
    if (readHeader(handle, bytes, bytes.length) !== 0) return undefined;
    // The library's own reading of the size: it is the one that writes.
    const [width, height] = [get(handle, PARAMETER.width), get(handle, PARAMETER.height)];
    if (width <= 0 || height <= 0 || width * height > maxPixels) return undefined;
    const size = width * height * 3;
    const pixels = kept.length >= size ? kept : new Uint8Array(size);
    if (size <= KEPT_BYTES) kept = pixels;
    if (decompress(handle, bytes, bytes.length, pixels, 0, RGB) !== 0) return undefined;
    return { width, height, data: pixels.subarray(0, size) };
  };
  return (bytes) => {
    // For each picture its own: the tables of one must not serve another that comes without.
    const handle = init(DECOMPRESS);
    if (handle === null) return undefined;
    try {
      return decode(handle, bytes);
    } finally {
      destroy(handle);
    }
  };
}

type Integers = (handle: unknown, ...integers: readonly number[]) => number;

function libraryFile(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${LIBRARY}/package.json`));
    const file = join(folder, 'prebuilds', `jpeg-turbo-linux-${process.arch}`, 'libturbojpeg.so.0');
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Fails for another C library, such as Alpine's. */
async function load(file: string): Promise<LibraryHandle | undefined> {
  const { default: koffi } = await import('koffi');
  try {
    return koffi.load(file);
  } catch {
    return undefined;
  }
}
