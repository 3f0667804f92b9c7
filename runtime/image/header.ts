/** What the first bytes of a picture say, read before anything is decoded. */
export interface PictureHeader {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** A JPEG of cyan, magenta, yellow and black. */
  readonly cmyk: boolean;
}

export type PictureFormat = 'jpeg' | 'png' | 'webp';

export const FORMAT_NAMES: Readonly<Record<PictureFormat, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
};

/** The bytes begin like a picture and do not go on like one. */
export class BrokenPicture extends Error {
  override readonly name = 'BrokenPicture';
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The format by its first bytes; undefined for anything else. */
export function formatOf(bytes: Buffer): PictureFormat | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return 'png';
  return text(bytes, 0) === 'RIFF' && text(bytes, 8) === 'WEBP' ? 'webp' : undefined;
}

/** Reads format and dimensions. Throws BrokenPicture. */
export function readHeader(bytes: Buffer, format: PictureFormat): PictureHeader {
  const header = READERS[format](bytes);
  if (header.width === 0 || header.height === 0) {
    throw new BrokenPicture(`it says that it is ${header.width} x ${header.height} pixels`);
  }
  return header;
}

const READERS: Readonly<Record<PictureFormat, (bytes: Buffer) => PictureHeader>> = {
  jpeg: readJpeg,
  png: readPng,
  webp: readWebp,
};

/** Markers without a length: TEM, RST0 to RST7, SOI. */
function standsAlone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** SOF0 to SOF15 but DHT, JPG and DAC, which lie between them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** ITU T.81, annex B: segments up to the frame header. */
function readJpeg(bytes: Buffer): PictureHeader {
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (marker === undefined) throw ends('JPEG');
    if (bytes[at] !== 0xff) throw new BrokenPicture(`the JPEG has no marker at byte ${at}`);
    if (marker === 0xda || marker === 0xd9) {
      throw new BrokenPicture('the JPEG has no frame header before its data');
    }
    at += 2;
    if (standsAlone(marker)) continue;
    if (at + 2 > bytes.length) throw ends('JPEG');
    const length = bytes.readUInt16BE(at);
    if (isFrame(marker)) {
      if (length < 8 || at + 8 > bytes.length) throw ends('JPEG');
      return {
        format: 'jpeg',
        height: bytes.readUInt16BE(at + 3),
        width: bytes.readUInt16BE(at + 5),
        cmyk: bytes[at + 7] === 4,
      };
    }
    if (length < 2) throw new BrokenPicture(`the JPEG has a segment of length ${length} at byte ${at - 2}`);
    at += length;
  }
}

function readPng(bytes: Buffer): PictureHeader {
  if (bytes.length < 33) throw ends('PNG');
  if (bytes.readUInt32BE(8) !== 13 || text(bytes, 12) !== 'IHDR') {
    throw new BrokenPicture('the PNG does not begin with its header, IHDR');
  }
  return { format: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), cmyk: false };
}

/** WebP container specification: VP8X has the canvas, VP8 and VP8L the picture's own size. */
function readWebp(bytes: Buffer): PictureHeader {
  if (bytes.length < 30) throw ends('WebP');
  const size = webpSize(bytes);
  return { format: 'webp', ...size, cmyk: false };
}

function webpSize(bytes: Buffer): { readonly width: number; readonly height: number } {
  const kind = text(bytes, 12);
  if (kind === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (kind === 'VP8 ' && bytes.readUIntBE(23, 3) === 0x9d012a) {
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  }
  if (kind === 'VP8L' && bytes[20] === 0x2f) {
    const bits = bytes.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  throw new BrokenPicture('the WebP does not begin with a picture');
}

function ends(name: string): BrokenPicture {
  return new BrokenPicture(`the ${name} ends within its header`);
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4);
}
