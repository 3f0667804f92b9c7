import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestError } from '#runtime/protocol/errors.ts';
import { parseMediaType } from './media-type.ts';
import { parseMultipart, type Part } from './multipart.ts';

const LIMITS = { parts: 100 };

function parse(text: string, boundary: string | undefined = 'b'): readonly Part[] {
  return parseMultipart(Buffer.from(text, 'latin1'), boundary, LIMITS);
}

const FILE =
  'content-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n';

describe('a form', () => {
  test('has its parts with names, types and bytes', () => {
    const text = `--b\r\n${FILE}\0\xff--b\r\n\r\n--b\r\ncontent-disposition: form-data; name=note\r\n\r\n\r\n--b--\r\n`;
    expect(parse(text)).toEqual([
      {
        name: 'file',
        fileName: 'a.png',
        contentType: 'image/png',
        body: Buffer.from('\0\xff--b\r\n', 'latin1'),
      },
      { name: 'note', fileName: undefined, contentType: undefined, body: Buffer.alloc(0) },
    ]);
  });

  test.each([
    ['a preamble and an epilogue', `before\r\n--b\r\n${FILE}x\r\n--b--\r\nafter --b\r\n`],
    ['spaces after a boundary', `--b \t\r\n${FILE}x\r\n--b--`],
    ['no end of line at its end', `--b\r\n${FILE}x\r\n--b--`],
    ['header names in capitals', `--b\r\n${FILE.replace('content-type', 'Content-Type')}x\r\n--b--`],
  ])('may have %s', (_, text) => {
    expect(parse(text)).toMatchObject([{ name: 'file', body: Buffer.from('x') }]);
  });

  test('of every browser and of Node is read', async () => {
    const form = new FormData();
    form.append('a "name"\r\nof two lines', 'value');
    form.append(
      'file',
      new Blob([new Uint8Array([0, 13, 10, 45, 45])], { type: 'image/webp' }),
      'größe "1".webp',
    );
    const request = new Response(form);
    const type = parseMediaType(request.headers.get('content-type') ?? '');
    const body = Buffer.from(await request.arrayBuffer());
    expect(parseMultipart(body, type?.parameters.get('boundary'), LIMITS)).toEqual([
      {
        name: 'a "name"%0D%0Aof two lines',
        fileName: undefined,
        contentType: undefined,
        body: Buffer.from('value'),
      },
      {
        name: 'file',
        fileName: 'größe "1".webp',
        contentType: 'image/webp',
        body: Buffer.from([0, 13, 10, 45, 45]),
      },
    ]);
  });

  test.each([
    ['without a boundary', `--b\r\n${FILE}x\r\n--b--`, '', 'its content-type has no boundary'],
    ['with a boundary of 71 characters', '', 'b'.repeat(71), 'its content-type has no boundary'],
    ['that is empty', '', 'b', 'the boundary "b" of its content-type is not in the body'],
    ['of another boundary', `--c\r\n${FILE}x\r\n--c--`, 'b', 'is not in the body'],
    ['without parts', '--b--\r\n', 'b', 'it has no parts'],
    ['that was cut short', `--b\r\n${FILE}x\r\n--`, 'b', 'part 0 does not end with the boundary "b"'],
    ['that was cut short in headers', `--b\r\n${FILE.slice(0, 30)}`, 'b', 'the headers of part 0 do not end'],
    [
      'with a line that is no header',
      `--b\r\nnonsense\r\n\r\nx\r\n--b--`,
      'b',
      'has a line that is no header: "nonsense"',
    ],
    [
      'with headers without end',
      `--b\r\nx: ${'y'.repeat(9000)}\r\n\r\nx\r\n--b--`,
      'b',
      'do not end within 8192 bytes',
    ],
    [
      'with a header twice',
      `--b\r\nContent-Type: a\r\n${FILE}x\r\n--b--`,
      'b',
      'has the header content-type twice',
    ],
    [
      'with a part without a name',
      `--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--`,
      'b',
      'part 0 has no header',
    ],
    ['with a part without headers', `--b\r\n\r\nx\r\n--b--`, 'b', 'part 0 has no header'],
    [
      'with an attachment',
      `--b\r\ncontent-disposition: attachment; name=file\r\n\r\nx\r\n--b--`,
      'b',
      'part 0 has no header',
    ],
    [
      'with base64',
      `--b\r\ncontent-transfer-encoding: base64\r\n${FILE}x\r\n--b--`,
      'b',
      'content-transfer-encoding base64',
    ],
    [
      'with more after a boundary',
      `--b\r\n${FILE}x\r\n--bc\r\n`,
      'b',
      'followed by neither "--" nor the end of its line',
    ],
  ])('%s is refused', (_, text, boundary, message) => {
    expect(() => parse(text, boundary)).toThrow(message);
    expect(() => parse(text, boundary)).toThrow(
      expect.objectContaining({ status: 400, code: 'InvalidRequest' }) as Error,
    );
  });

  test('of too many parts is refused', () => {
    const many = `--b\r\n${FILE}x\r\n`.repeat(101);
    expect(() => parse(`${many}--b--`)).toThrow('more than 100 parts');
  });
});

test('whatever parts are written are read again', () => {
  const part = fc.record({
    name: fc.string({ minLength: 1 }).filter((name) => !/["\\\r\n\p{Cc}%]/u.test(name)),
    body: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const written = parts.flatMap(({ name, body }) => [
        Buffer.from(`--boundary-7\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n`),
        body,
        Buffer.from('\r\n'),
      ]);
      const read = parseMultipart(
        Buffer.concat([...written, Buffer.from('--boundary-7--')]),
        'boundary-7',
        LIMITS,
      );
      expect(read.map(({ name, body }) => ({ name, body: new Uint8Array(body) }))).toEqual(parts);
    }),
  );
});

test('whatever a body holds, it is read or refused as the caller’s fault', () => {
  const pieces = [
    '--b',
    '--b--',
    '\r\n',
    '\r\n\r\n',
    '\n',
    FILE,
    'content-type: a',
    ':',
    ';',
    '"',
    '\\',
    '\0',
    'name=',
    ' ',
    'x',
  ];
  const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (text) => {
      try {
        for (const { body } of parse(text.join('')))
          expect(body.length).toBeLessThanOrEqual(text.join('').length);
      } catch (error) {
        expect(error).toBeInstanceOf(RequestError);
        expect((error as RequestError).status).toBe(400);
      }
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['multipart/form-data; boundary=abc', 'multipart/form-data', [['boundary', 'abc']]],
  [
    'Multipart/Form-Data ;  Boundary="a b;c" ; x=1',
    'multipart/form-data',
    [
      ['boundary', 'a b;c'],
      ['x', '1'],
    ],
  ],
  [String.raw`form-data; name="a\"b"`, 'form-data', [['name', 'a"b']]],
  [String.raw`form-data; filename="C:\dir\a.png"`, 'form-data', [['filename', String.raw`C:\dir\a.png`]]],
  ['image/png;', 'image/png', []],
])('the header value %s is read', (value, type, parameters) => {
  expect(parseMediaType(value)).toEqual({ type, parameters: new Map(parameters as [string, string][]) });
});

test.each(['', ';', 'a b', 'a; b', 'a; b=', 'a; b="', 'a; b=1; B=2', 'a; b=1 c', 'a; b="x"y'])(
  'the header value %j is none',
  (value) => {
    expect(parseMediaType(value)).toBeUndefined();
  },
);

test('a header value that would take a careless parser long is read at once', () => {
  const started = performance.now();
  expect(parseMediaType(`a${'; '.repeat(50_000)}=`)).toBeUndefined();
  expect(parseMediaType(`a; b="${'\\'.repeat(50_001)}`)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(500);
});

test('a part’s header that would take a careless parser long is read at once', () => {
  const line = `x: a${' '.repeat(7_000)}b`;
  const part = `--b\r\n${line}\r\ncontent-disposition: form-data; name=file\r\n\r\nx\r\n`;
  const started = performance.now();
  expect(parse(`${part.repeat(50)}--b--`)).toHaveLength(50);
  expect(performance.now() - started).toBeLessThan(500);
});
