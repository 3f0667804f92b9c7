/** Inks to light as Pillow's convert('RGB') does, without a colour profile: (255 - ink) of what black leaves. */
export function rgbOfCmyk(inks: Uint8Array): Uint8Array<ArrayBuffer> {
  const pixels = inks.length >> 2;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 4, to += 3) {
    const left = 255 - (inks[from + 3] as number);
    rgb[to] = without(inks[from] as number, left);
    rgb[to + 1] = without(inks[from + 1] as number, left);
    rgb[to + 2] = without(inks[from + 2] as number, left);
  }
  return rgb;
}

/** left - ink * left / 255, rounded by shifts as Pillow's MULDIV255. */
function without(ink: number, left: number): number {
  const product = ink * left + 128;
  return Math.max(0, left - (((product >> 8) + product) >> 8));
}
