/** Texts and colour profiles: nothing of them is in the pixels, and inflating a hostile one takes a decoder minutes. */
const DROPPED: ReadonlySet<string> = new Set(['zTXt', 'iTXt', 'tEXt', 'iCCP']);

const SIGNATURE_BYTES = 8;
/** A chunk's length and type before its data, and its checksum behind. */
const FRAME_BYTES = 12;

/** A PNG without what a decoder would inflate for nobody; itself where it has nothing of that, or is broken. */
export function withoutTexts(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, SIGNATURE_BYTES)];
  let keptFrom = SIGNATURE_BYTES;
  let at = SIGNATURE_BYTES;
  while (at + FRAME_BYTES <= bytes.length) {
    const end = at + FRAME_BYTES + bytes.readUInt32BE(at);
    if (DROPPED.has(bytes.toString('latin1', at + 4, at + 8))) {
      kept.push(bytes.subarray(keptFrom, at));
      keptFrom = end;
    }
    at = end;
  }
  return kept.length === 1 ? bytes : Buffer.concat([...kept, bytes.subarray(keptFrom)]);
}
