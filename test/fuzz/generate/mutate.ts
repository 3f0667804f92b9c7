import * as fc from 'fast-check';

/** A change of a text by its tokens, or of bytes wherever they are. `at` and `to` are places between 0 and 1. */
interface Change {
  readonly how: 'delete' | 'double' | 'swap' | 'insert' | 'truncate' | 'flip';
  readonly at: number;
  readonly to: number;
  readonly what: string;
}

const TOKEN = /"(?:[^"\\]|\\[^])*"?|-?[\w.+-]+|\s+|[^]/g;
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  'null',
  '0',
  '1e999',
  'true',
  '\\',
  '\u0000',
  '"":1',
  '[]',
  '{}',
  ' ',
  '\ufeff',
];

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    how: fc.constantFrom('delete', 'double', 'swap', 'insert', 'truncate', 'flip'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    to: fc.double({ min: 0, max: 1, noNaN: true }),
    what: fc.constantFrom(...TOKENS),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Documents with a few tokens moved, dropped, doubled or put in. */
export function withTokensChanged(documents: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(documents, changes).map(([document, list]) => {
    const tokens = document.match(TOKEN)?.slice(0, 20_000) ?? [];
    for (const change of list) changeTokens(tokens, change);
    return tokens.join('');
  });
}

function changeTokens(tokens: string[], { how, at, to, what }: Change): void {
  const place = Math.floor(at * tokens.length);
  const other = Math.floor(to * tokens.length);
  if (how === 'delete') tokens.splice(place, 1);
  else if (how === 'insert' || how === 'flip') tokens.splice(place, how === 'flip' ? 1 : 0, what);
  else if (how === 'double') tokens.splice(place, 0, ...tokens.slice(place, place + 3));
  else if (how === 'truncate') tokens.length = place;
  else [tokens[place], tokens[other]] = [tokens[other] ?? '', tokens[place] ?? ''];
}

/** Bytes of which a few are others, gone, or there twice. */
export function withBytesChanged(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc.tuple(bytes, changes).map(([given, list]) => list.reduce(changeBytes, given));
}

function changeBytes(bytes: Buffer, { how, at, to, what }: Change): Buffer {
  const place = Math.floor(at * bytes.length);
  const before = bytes.subarray(0, place);
  const after = bytes.subarray(place);
  switch (how) {
    case 'delete':
      return Buffer.concat([before, after.subarray(1 + Math.floor(to * 8))]);
    case 'truncate':
      return before;
    case 'double':
      return Buffer.concat([before, after.subarray(0, 16), after]);
    case 'insert':
      return Buffer.concat([before, Buffer.from(what), after]);
    default: {
      const changed = Buffer.from(bytes);
      if (changed.length > 0) changed[Math.min(place, changed.length - 1)] = Math.floor(to * 255);
      return changed;
    }
  }
}
