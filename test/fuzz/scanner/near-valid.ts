/** Numbers in [0, 1). */
export type Random = () => number;

const TOKEN = /"(?:[^"\\]|\\[^])*"?|-?[\w.+-]+|\s+|[^]/g;
/** A longer document is only changed byte by byte. */
const MOST_TOKENS = 4000;

const NUMBERS = [
  '-0',
  '0.0',
  '-0.0e5',
  '0e99999',
  '1e0',
  '1E+2',
  '1e-7',
  '1.0e+00',
  '00',
  '-01',
  '1.',
  '.5',
  '+1',
  '1e',
  '1e+',
  '--1',
  '0x1',
  '1_0',
  'NaN',
  'Infinity',
  '-Infinity',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '1'.repeat(309),
  `1${'0'.repeat(400)}`,
  `0.${'0'.repeat(400)}1`,
  `${'9'.repeat(30)}.${'9'.repeat(30)}e-30`,
  '3.4028235677973366e38',
  '3.4028235677973362e38',
  '1.7976931348623159e308',
  '5e-324',
  '2.4703282292062327e-324',
  '1e400',
  '-1e-400',
  '65519.999',
  '65520',
  '0.1000000000000000055511151231257827021181583404541015625',
];
const ESCAPES = [
  '\\u0000',
  '\\ud800',
  '\\udc00',
  '\\ud83d\\ude00',
  '\\ude00\\ud83d',
  '\\u00E9',
  '\\u00e',
  '\\uD8',
  '\\/',
  '\\\\',
  '\\"',
  '\\b\\f\\n\\r\\t',
  '\\v',
  '\\x41',
  "\\'",
  '\\U0041',
  '\\',
  '\u0000',
  '\u0001',
  '\u001f',
  '\u007f',
  '\u0080',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ufffe',
  '😀',
];
const GAPS = [' ', '\t', '\n', '\r\n', '\v', '\f', '\u00a0', '\u2028', '\ufeff', '\u0000', '/**/', '//\n'];
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  'null',
  'true',
  'false',
  'nul',
  'True',
  '""',
  '[]',
  '{}',
  ',,',
];
const BYTES = [
  0x00, 0x09, 0x0a, 0x1f, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x45, 0x5b, 0x5c, 0x5d, 0x65,
];
const BROKEN_UTF8 = [
  [0x80],
  [0xc0, 0x80],
  [0xc3],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf5, 0x80],
  [0xff],
];
const DEPTHS = [1, 2, 31, 32, 33, 500];

type Change = (tokens: string[], random: Random) => void;

const pick = <T>(list: readonly [T, ...T[]] | readonly T[], random: Random): T =>
  list[Math.floor(random() * list.length)] as T;
const at = (tokens: readonly string[], random: Random): number => Math.floor(random() * tokens.length);
/** The place of a token of this kind, at or after any; -1 for none. */
function find(tokens: readonly string[], kind: RegExp, random: Random): number {
  const from = at(tokens, random);
  const after = tokens.findIndex((token, i) => i >= from && kind.test(token));
  return after >= 0 ? after : tokens.findIndex((token) => kind.test(token));
}
const within = (token: string, what: string, random: Random): string => {
  const place = 1 + Math.floor(random() * Math.max(1, token.length - 1));
  return token.slice(0, place) + what + token.slice(place);
};

const CHANGES: readonly Change[] = [
  function otherNumber(tokens, random) {
    const place = find(tokens, /^-?\d/, random);
    if (place >= 0) tokens[place] = pick(NUMBERS, random);
  },
  function sameNumberWrittenOtherwise(tokens, random) {
    const place = find(tokens, /^-?\d/, random);
    const token = tokens[place];
    if (token === undefined) return;
    const ways = [
      `${token}.0`,
      `${token}e0`,
      `${token}E-0`,
      `${token}e+1`,
      `-${token}`,
      `0${token}`,
      `${token}00`,
    ];
    tokens[place] = pick(ways, random);
  },
  function escapeInText(tokens, random) {
    const place = find(tokens, /^"/, random);
    if (place >= 0) tokens[place] = within(tokens[place] ?? '', pick(ESCAPES, random), random);
  },
  function characterAsEscape(tokens, random) {
    const place = find(tokens, /^"[^\\]+"$/, random);
    const token = tokens[place];
    if (token === undefined) return;
    const index = 1 + Math.floor(random() * (token.length - 2));
    const hex = token.charCodeAt(index).toString(16).padStart(4, '0');
    const unit = `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`;
    tokens[place] = token.slice(0, index) + unit + token.slice(index + 1);
  },
  function fieldTwice(tokens, random) {
    const colon = find(tokens, /^:$/, random);
    if (colon < 1) return;
    const key = tokens.slice(0, colon).findLast((token) => token.startsWith('"')) ?? '""';
    const value = random() < 0.5 ? pick(NUMBERS, random) : (tokens[colon + 1] ?? 'null');
    const before = random() < 0.5;
    const place = before ? tokens.indexOf('{') + 1 : tokens.lastIndexOf('}');
    if (place > 0) tokens.splice(place, 0, before ? `${key}:${value},` : `,${key}:${value}`);
  },
  function gap(tokens, random) {
    tokens.splice(at(tokens, random), 0, pick(GAPS, random).repeat(random() < 0.1 ? 40 : 1));
  },
  function token(tokens, random) {
    tokens.splice(at(tokens, random), random() < 0.5 ? 1 : 0, pick(TOKENS, random));
  },
  function remove(tokens, random) {
    tokens.splice(at(tokens, random), 1 + Math.floor(random() * 3));
  },
  function repeat(tokens, random) {
    const place = at(tokens, random);
    tokens.splice(place, 0, ...tokens.slice(place, place + 1 + Math.floor(random() * 8)));
  },
  function swap(tokens, random) {
    const [one, other] = [at(tokens, random), at(tokens, random)];
    [tokens[one], tokens[other]] = [tokens[other] ?? '', tokens[one] ?? ''];
  },
  function truncate(tokens, random) {
    tokens.length = at(tokens, random);
  },
  function mark(tokens) {
    tokens.unshift('\ufeff');
  },
  function deep(tokens, random) {
    const place = find(tokens, /^(?:-?\d|"|\[|true|false|null)/, random);
    const depth = pick(DEPTHS, random);
    const [open, close] = pick(
      [
        ['[', ']'],
        ['{"":', '}'],
        [' [ ', ' ] '],
      ] as const,
      random,
    );
    if (place >= 0) tokens[place] = open.repeat(depth) + (tokens[place] ?? '') + close.repeat(depth);
  },
  function otherField(tokens, random) {
    const place = tokens.indexOf('{') + 1;
    if (place > 0)
      tokens.splice(place, 0, `${pick(['"x"', '"\\u0061"', '""', '"__proto__"'], random)}:[1,{"a":null}],`);
  },
];

/** A document that is nearly this one: a few tokens or bytes are others. */
export function nearly(document: Buffer, random: Random): Buffer {
  const changed = random() < 0.75 ? withTokens(document, random) : document;
  return changed === document || random() < 0.15 ? withBytes(changed, random) : changed;
}

function withTokens(document: Buffer, random: Random): Buffer {
  const tokens = document.toString().match(TOKEN) ?? [];
  if (tokens.length === 0 || tokens.length > MOST_TOKENS) return document;
  const count = random() < 0.7 ? 1 : 3;
  for (let i = 0; i < count; i++) pick(CHANGES, random)(tokens, random);
  return Buffer.from(tokens.join(''));
}

function withBytes(document: Buffer, random: Random): Buffer {
  const place = Math.floor(random() * (document.length + 1));
  const before = document.subarray(0, place);
  const kind = random();
  if (kind < 0.15) return before;
  const rest = document.subarray(place + (random() < 0.6 ? 1 : 0));
  if (kind < 0.3) return Buffer.concat([before, Buffer.from(pick(BROKEN_UTF8, random)), rest]);
  if (kind < 0.45) return Buffer.concat([before, rest]);
  const byte = random() < 0.7 ? pick(BYTES, random) : Math.floor(random() * 256);
  return Buffer.concat([before, Buffer.of(byte), rest]);
}
