const SEGMENT = { exif: 0xe1, startOfScan: 0xda } as const;
const EXIF = 'Exif\0\0';
/** Baseline, extended and progressive, Huffman-coded. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * Whether a JPEG is what nearly all are: 8 bits, grey or three colours, Huffman-coded, upright as it is stored. Looks at the
 * segments before the first scan; in doubt it is not.
 */
export function isPlain(bytes: Buffer): boolean {
  let framed = false;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || !hasLength(marker)) return false;
    if (marker === SEGMENT.startOfScan) return framed;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    const content = bytes.subarray(at + 4, end);
    if (end > bytes.length || end < at + 4) return false;
    if (isFrame(marker)) {
      if (framed || !isCommonFrame(marker, content)) return false;
      framed = true;
    }
    if (
      marker === SEGMENT.exif &&
      content.toString('latin1', 0, 6) === EXIF &&
      !isUpright(content.subarray(6))
    ) {
      return false;
    }
    at = end;
  }
  return false;
}

/** No fill byte, and none of the markers that stand alone: RST0 to RST7, SOI, EOI. */
function hasLength(marker: number): boolean {
  return marker >= 0xc0 && marker !== 0xff && (marker < 0xd0 || marker > 0xd9);
}

/** SOF0 to SOF15, but DHT; JPG and DAC, which lie between them, too: no common JPEG has one. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4;
}

function isCommonFrame(marker: number, frame: Buffer): boolean {
  return FRAMES.has(marker) && frame[0] === 8 && (frame[5] === 1 || frame[5] === 3);
}

/** TIFF 6.0, section 2, and Exif 3.0, 4.6.5: the first directory has the orientation, 1 unless it says otherwise. */
function isUpright(tiff: Buffer): boolean {
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return false;
  const short = (at: number): number => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const directory = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return false;
  const first = directory + 2;
  const count = short(directory);
  if (first + count * 12 > tiff.length) return false;
  for (let entry = first; entry < first + count * 12; entry += 12) {
    if (short(entry) === ORIENTATION && (short(entry + 2) !== SHORT || short(entry + 8) !== 1)) return false;
  }
  return true;
}
