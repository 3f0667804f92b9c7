import * as fc from 'fast-check';

/** A JSON document as a tree, of which `raw` may be no JSON at all and a map may have a key twice. */
export type Node =
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: Node])[] };

export const raw = (text: string): Node => ({ kind: 'raw', text });
export const text = (value: string): Node => ({ kind: 'text', value });
export const list = (items: readonly Node[]): Node => ({ kind: 'list', items });
export const map = (entries: readonly (readonly [string, Node])[]): Node => ({ kind: 'map', entries });

/** How a tree is written: what stands between tokens, and which characters of a text are escaped. */
export interface Style {
  readonly gap: string;
  readonly escape: 'least' | 'unicode' | 'all';
}

export const styles: fc.Arbitrary<Style> = fc.record({
  gap: fc.constantFrom('', '', '', ' ', '\n  ', '\t\r\n '),
  escape: fc.constantFrom('least', 'least', 'unicode', 'all'),
});

export function render(node: Node, style: Style): string {
  const { gap } = style;
  switch (node.kind) {
    case 'raw':
      return node.text;
    case 'text':
      return quoted(node.value, style);
    case 'list':
      return `[${gap}${node.items.map((item) => render(item, style)).join(`${gap},${gap}`)}${gap}]`;
    default: {
      const entries = node.entries.map(
        ([key, value]) => `${quoted(key, style)}${gap}:${gap}${render(value, style)}`,
      );
      return `{${gap}${entries.join(`${gap},${gap}`)}${gap}}`;
    }
  }
}

function quoted(value: string, { escape }: Style): string {
  if (escape === 'least') return JSON.stringify(value);
  const unit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  if (escape === 'all') return `"${value.replaceAll(/[^]/g, unit)}"`;
  return JSON.stringify(value).replaceAll(/[\u007f-\uffff]/g, unit);
}

/** Numbers at the edges of what types hold, and of what JSON is. */
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '0.1',
  '1e0',
  '1E+2',
  '1e-7',
  '37',
  '40.5',
  '127',
  '128',
  '255',
  '256',
  '-129',
  '32768',
  '65504',
  '65520',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '3.4028235e38',
  '3.5e38',
  '1e308',
  '1e309',
  '-1e999',
  '5e-324',
  '1e-400',
  '0.30000000000000004',
  '1'.repeat(400),
  `0.${'0'.repeat(300)}1`,
];
/** What looks like a value and is none. */
const NOT_JSON = [
  'NaN',
  'Infinity',
  '-Infinity',
  'nan',
  'undefined',
  'True',
  'None',
  '01',
  '+1',
  '.5',
  '5.',
  '1e',
  '1e+',
  '0x10',
  '-',
  '--1',
  '1_000',
  "'a'",
  '"',
  '"\\x"',
  '"\\u12"',
  '"a\nb"',
  '"\\ud800"',
  '',
  ',',
  '[',
  '}',
  '/* */1',
  '1;',
  '\u0000',
];

export const strings: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      '\u0000',
      '\ud800',
      '__proto__',
      'constructor',
      'toString',
      'a'.repeat(5000),
      '😀',
      '\u2028',
      '\ufeff',
    ),
  },
);

export const numbers: fc.Arbitrary<Node> = fc.oneof(
  fc.constantFrom(...NUMBERS).map(raw),
  fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => raw(String(value))),
  fc.integer({ min: -1000, max: 1000 }).map((value) => raw(String(value))),
);

const scalars: fc.Arbitrary<Node> = fc.oneof(
  { weight: 4, arbitrary: numbers },
  { weight: 3, arbitrary: strings.map(text) },
  { weight: 2, arbitrary: fc.constantFrom('true', 'false', 'null').map(raw) },
  { weight: 1, arbitrary: fc.constantFrom(...NOT_JSON).map(raw) },
);

const deep: fc.Arbitrary<Node> = fc
  .tuple(fc.constantFrom(['[', ']'], ['{"a":', '}']), fc.constantFrom(3, 100, 2000, 30_000))
  .map(([[open = '', close = ''], times]) => raw(`${open.repeat(times)}1${close.repeat(times)}`));

/** Any value at all. */
export const anything: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 20, arbitrary: scalars },
    { weight: 3, arbitrary: fc.array(tie('node'), { maxLength: 4 }).map(list) },
    { weight: 3, arbitrary: fc.array(fc.tuple(strings, tie('node')), { maxLength: 4 }).map(map) },
    { weight: 1, arbitrary: deep },
  ),
})).node;

/** Mostly what is right, now and then something else. */
export function mostly<T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>, share = 12): fc.Arbitrary<T> {
  return fc.oneof({ weight: share, arbitrary: right }, { weight: 1, arbitrary: wrong });
}
