import * as fc from 'fast-check';
import type { ModelInput } from '#contract/model-manifest.ts';

// Models and requests for the scanner's tests: as clients write them, as they may write them, and broken.

const NAMES = [
  'Age',
  'age',
  'Country',
  '',
  '__proto__',
  'a"b',
  'back\\slash',
  'Größe',
  '名前',
  'x\ud800',
  'x1',
];
const TEXTS = ['France', 'Spain', '', 'Übermut', 'a"b', '😀', '\ud800', 'line\nbreak'];
const SHAPES = [
  [null, 1],
  [null, 1],
  [null, 1],
  [null],
  [null, 3],
  [null, 2, 2],
  [null, 1, 3],
  [null, null],
  [1, 2],
];

/** Any model: inputs of every type, required or not, with limits or without. */
export const anyInputs: fc.Arbitrary<readonly ModelInput[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...NAMES),
      type: fc.constantFrom<ModelInput['type']>(
        'float32',
        'float32',
        'string',
        'float64',
        'float16',
        'int64',
        'int32',
        'uint8',
        'uint64',
        'bool',
      ),
      shape: fc.constantFrom(...SHAPES),
      required: fc.boolean(),
      limits: fc.constantFrom<Partial<ModelInput>>(
        {},
        {},
        { integer: true },
        { integer: true, range: { min: 0, max: 1 } },
        { range: { min: 0 } },
        { values: ['France', 'Spain', 'Übermut', '\ud800', 1, 2] },
      ),
    })
    .map(({ limits, ...input }): ModelInput => Object.assign(input, { integer: false }, limits)),
  { minLength: 1, maxLength: 5, selector: ({ name }) => name },
);

const space = fc.constantFrom('', '', '', '', ' ', '\n  ', '\t', '\r\n');
const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 22 }).map((d) => d.join(''));
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc
    .tuple(
      fc.constantFrom('', '', '-'),
      digits,
      fc.option(digits),
      fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(60))),
    )
    .map(([sign, whole, fraction, power]) =>
      [sign, whole, fraction === null ? '' : `.${fraction}`, ...(power ?? [])].join(''),
    ),
  fc.constantFrom(
    '-0',
    '-0.0e1',
    '0e99',
    '1E+2',
    '1e-7',
    '01',
    '-01',
    '1.',
    '.5',
    '-',
    '+1',
    '1e',
    '1e+',
    '1e400',
    '-1e400',
    '1e-400',
    '9007199254740991',
    '9007199254740993',
    '9223372036854775807',
    '18446744073709551616',
    '256',
    '-1',
    '65519.99',
    '65520',
    '3.4028235677973361e38',
    '3.4028235677973363e38',
    '0.30000000000000004',
    '17.99999999999999999',
    '5e-324',
    '1e22',
    '1e23',
    '123456789012345e22',
    '0.1000000000000000055511151231257827',
    'NaN',
    'Infinity',
    '0x10',
    '1_0',
  ),
);
const stringText = fc.oneof(
  fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)),
  fc.constantFrom(...TEXTS).map(escaped),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"\\u00e9"',
    '"\\ud83d\\ude00"',
    '"\\/"',
    '"\\u12"',
    '"\\q"',
    '"\\',
    '"a\tb"',
    '"\u007f\u2028"',
    '"',
    "'a'",
  ),
);
const wordText = fc.constantFrom('true', 'false', 'null', 'null', 'True', 'nul', 'nulll', 'undefined', '');
const arrayText = fc.array(numberText, { maxLength: 5 }).map((items) => `[${items.join(',')}]`);
const valueText = fc.oneof(
  { weight: 3, arbitrary: numberText },
  { weight: 3, arbitrary: stringText },
  wordText,
  arrayText,
  fc.tuple(arrayText, arrayText).map((rows) => `[${rows.join(' , ')}]`),
  fc.json({ maxDepth: 3 }),
);

/** How one field is written; most fields fit their input. */
const field = fc.record({
  style: fc.nat(),
  value: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: valueText }),
  key: fc.oneof(
    { weight: 9, arbitrary: fc.constant<'plain' | 'escaped' | 'absent' | 'twice'>('plain') },
    fc.constantFrom<'plain' | 'escaped' | 'absent' | 'twice'>('escaped', 'absent', 'twice'),
  ),
  space,
});
type Field = typeof field extends fc.Arbitrary<infer T> ? T : never;

const extra = fc.tuple(
  fc.oneof(fc.constantFrom('"id"', '"AGE"', '"_country"', '"Age "', '"\\u0041ge"'), stringText),
  fc.oneof(valueText, fc.json({ maxDepth: 3 })),
);
const extras: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(extra, { maxLength: 3 }) },
);

/** A request's row for any model, as text. */
export const anyRow: fc.Arbitrary<(inputs: readonly ModelInput[]) => string> = fc
  .record({ fields: fc.array(field, { minLength: 5, maxLength: 5 }), extras, turn: fc.nat(5), space })
  .map(({ fields, extras: more, turn, space: gap }) => (inputs) => {
    const own = inputs.flatMap((input, i) => fieldTexts(input, fields[i % fields.length]));
    const all = [...own, ...more.map(([key, value]) => `${key}:${value}`)];
    const turned = [...all.slice(turn), ...all.slice(0, turn)];
    return `${gap}{${gap}${turned.join(',')}${gap}}`;
  });

/** A body of POST /predict_batch for any model, as text. */
export const anyBatch: fc.Arbitrary<(inputs: readonly ModelInput[]) => string> = fc
  .record({
    rows: fc.array(anyRow, { maxLength: 4 }),
    key: fc.oneof(
      { weight: 9, arbitrary: fc.constant('"rows"') },
      fc.constantFrom('"r\\u006fws"', '"Rows"', '""'),
    ),
    before: extras,
    after: extras,
    twice: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
    space,
  })
  .map(({ rows, key, before, after, twice, space: gap }) => (inputs) => {
    const written = `${key}${gap}:[${rows.map((row) => row(inputs)).join(',')}${gap}]`;
    const others = (list: readonly (readonly [string, string])[]) =>
      list.map(([name, value]) => `${name}:${value}`);
    return `{${[...others(before), written, ...(twice ? [written] : []), ...others(after)].join(`${gap},`)}}${gap}`;
  });

function fieldTexts(input: ModelInput, given: Field | undefined): readonly string[] {
  if (given === undefined || given.key === 'absent') return [];
  const key = given.key === 'escaped' ? escaped(input.name) : JSON.stringify(input.name);
  const text = `${given.space}${key}${given.space}:${given.space}${given.value ?? fitting(input, given.style)}`;
  return given.key === 'twice' ? [`${key}:${fitting(input, given.style + 1)}`, text] : [text];
}

/** A value that the input most likely takes, in one of many spellings. */
function fitting(input: ModelInput, style: number): string {
  const [, ...inner] = input.shape.map((dim) => dim ?? 2);
  return nested(inner.every((dim) => dim === 1) ? [] : inner, () => fittingElement(input, style));
}

function nested(dims: readonly number[], element: () => string): string {
  const [size, ...inner] = dims;
  if (size === undefined) return element();
  return `[${Array.from({ length: size }, () => nested(inner, element)).join(', ')}]`;
}

function fittingElement({ type, values, range, integer }: ModelInput, style: number): string {
  if (type === 'string') return JSON.stringify(values?.[style % 3] ?? TEXTS[style % TEXTS.length]);
  if (type === 'bool') return style % 2 === 0 ? 'true' : '0';
  if (values !== undefined) return style % 2 === 0 ? '1' : '2.0';
  if (range?.max === 1) return ['0', '1', 'true', '1.0', '-0'][style % 5] ?? '0';
  const whole = style % 250;
  if (integer || !type.startsWith('float')) return [`${whole}`, `${whole}.0`, `${whole}e0`][style % 3] ?? '0';
  const value = (style % 1_000_003) / 997;
  return (
    [`${value}`, value.toFixed(2), value.toExponential(), `${value.toFixed(9)}000000000`][style % 4] ?? '0'
  );
}

/** The text as JSON with every character escaped. */
function escaped(text: string): string {
  const unit = (at: number): string => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return `"${Array.from({ length: text.length }, (_, at) => unit(at)).join('')}"`;
}

/** One change of a body's bytes. */
export interface Edit {
  readonly kind: 'replace' | 'insert' | 'remove' | 'repeat';
  readonly at: number;
  readonly byte: number;
}

const bytes = [...Buffer.from('"\\{}[],:-+.eE0159 \t\n/utfna'), 0x00, 0x1f, 0x7f, 0x80, 0xc3, 0xed, 0xff];
export const anyEdits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Edit['kind']>('replace', 'insert', 'remove', 'repeat'),
    at: fc.nat(),
    byte: fc.constantFrom(...bytes),
  }),
  { minLength: 24, maxLength: 24 },
);

export function edited(body: Buffer, { kind, at, byte }: Edit): Buffer {
  const from = at % (body.length + 1);
  const length = kind === 'insert' ? 0 : kind === 'remove' ? byte % 5 : 1;
  const middle =
    kind === 'remove' ? [] : kind === 'repeat' ? body.subarray(from, from + (byte % 12)) : [byte];
  const rest = body.subarray(kind === 'repeat' ? from : from + length);
  return Buffer.concat([body.subarray(0, from), Uint8Array.from(middle), rest]);
}
