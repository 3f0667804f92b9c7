import * as fc from 'fast-check';
import type { FuzzCase } from '../case.ts';
import type { TargetSchema } from '../schema.ts';
import { pages, predictions, toBytes, type HttpRequest } from './http.ts';
import { mostly } from './json.ts';
import { withBytesChanged } from './mutate.ts';

/** Lengths and codings that two parsers may read differently: nobody may be let between them. */
const AMBIGUOUS: readonly string[] = [
  'content-length: 5\r\ntransfer-encoding: chunked\r\n',
  'transfer-encoding: chunked\r\ncontent-length: 5\r\n',
  'content-length: 5\r\ncontent-length: 6\r\n',
  'content-length: 5, 6\r\n',
  'content-length: +5\r\n',
  'content-length: -1\r\n',
  'content-length: 0x5\r\n',
  'content-length: 5 5\r\n',
  'content-length:\r\n',
  'content-length: 99999999999999999999\r\n',
  'content-length : 5\r\n',
  'content-length: 5\n',
  'content-length:\t5\r\n',
  ' content-length: 5\r\n',
  'content-length: 5\r\n x\r\n',
  'transfer-encoding: chunked, identity\r\n',
  'transfer-encoding: identity\r\n',
  'transfer-encoding: xchunked\r\n',
  'transfer-encoding: gzip, chunked\r\n',
  'transfer-encoding : chunked\r\n',
  'transfer-encoding:\u000bchunked\r\n',
  'transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n',
  'transfer-encoding: Chunked\r\n',
  'transfer-encoding: "chunked"\r\n',
  'transfer-encoding:\r\n chunked\r\n',
  'x: y\rtransfer-encoding: chunked\r\n',
  'x: \u0000\r\n',
  ': y\r\n',
  'x y: z\r\n',
  '\r\n',
  'host: y\r\n',
];
const BODIES: readonly string[] = [
  '{"a"',
  '0\r\n\r\n',
  '5\r\n{"a"}\r\n0\r\n\r\n',
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n',
  '5;a=b\r\n{"a"}\r\n0\r\n\r\n',
  '5\n{"a"}\n0\n\n',
  '-1\r\n',
  '0x5\r\n{"a"}\r\n0\r\n\r\n',
  'ffffffffffffffff\r\n{',
  '00000000000000000005\r\n{"a"}\r\n0\r\n\r\n',
  '5\r\n{"a"}0\r\n\r\n',
  `5;${'x'.repeat(20_000)}\r\n{"a"}\r\n0\r\n\r\n`,
  `0\r\n${'t: v\r\n'.repeat(3000)}\r\n`,
  '0\r\nhost: x\r\n\r\n',
  '5 \r\n{"a"}\r\n0\r\n\r\n',
];
const FIRST_LINES: readonly string[] = [
  'POST /predict HTTP/1.1',
  'POST /predict HTTP/1.0',
  'POST /predict HTTP/0.9',
  'POST /predict HTTP/2.0',
  'POST /predict',
  'POST  /predict HTTP/1.1',
  'POST\t/predict\tHTTP/1.1',
  'post /predict HTTP/1.1',
  ' POST /predict HTTP/1.1',
  'POST /pre dict HTTP/1.1',
  'POST /predict HTTP/1.1 ',
  'GET /livez HTTP/1.1',
  'CONNECT x:1 HTTP/1.1',
  'PRI * HTTP/2.0',
  'OPTIONS * HTTP/1.1',
  `GET /${'a'.repeat(70_000)} HTTP/1.1`,
  'X'.repeat(100),
  '\u0016\u0003\u0001\u0002\u0000',
];

/** Heads and bodies that are put together wrongly. */
const crooked: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom(...FIRST_LINES),
    fc.array(fc.constantFrom(...AMBIGUOUS), { maxLength: 2 }),
    fc.constantFrom('host: x\r\n', 'host: x\r\n', ''),
    fc.constantFrom(...BODIES),
  )
  .map(([line, headers, host, body]) =>
    Buffer.from(`${line}\r\n${host}${headers.join('')}\r\n${body}`, 'latin1'),
  );

const floods: fc.Arbitrary<Buffer> = fc
  .constantFrom(
    `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(1990)}\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(3000)}\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\n${'y'.repeat(15_000)}: 1\r\n\r\n`,
    '\r\n'.repeat(5000),
  )
  .map((text) => Buffer.from(text));

/** Whole requests, one or several after another on one connection. */
export function wellFramed(schema: TargetSchema): fc.Arbitrary<FuzzCase> {
  const one = mostly(predictions(schema), pages(schema), 4);
  const several = mostly(
    one.map((request) => [request]),
    fc.array(one, { minLength: 2, maxLength: 5 }),
    6,
  );
  return fc
    .tuple(
      several,
      mostly(fc.constant(false), fc.constant(true), 6),
      fc.constantFrom<FuzzCase['ending'][]>('wait', 'wait', 'wait', 'close'),
    )
    .map(([requests, apart, ending]) => ({
      model: schema.model,
      pieces: requests.map(toBytes).flatMap((bytes) => (apart ? cut(bytes) : [bytes])),
      apart,
      requests: requests.map(({ method, path }) => ({ method, path })),
      ending: requests.some(waits) ? 'wait' : ending,
    }));
}

/** Whoever asks for leave to send its body waits for it. */
function waits({ headers }: HttpRequest): boolean {
  return headers.some(([name]) => name === 'expect');
}

function cut(bytes: Buffer): Buffer[] {
  const size = Math.max(1, Math.ceil(bytes.length / 7));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

/** An answer to HEAD has a length and no body: among broken requests nobody could tell whether it was cut off. */
function bodied(request: HttpRequest): HttpRequest {
  return request.method === 'HEAD' ? { ...request, method: 'GET' } : request;
}

/** Connections whose bytes are no whole requests, or not surely. */
export function broken(schema: TargetSchema): fc.Arbitrary<FuzzCase> {
  const whole = fc
    .array(
      mostly(predictions(schema), pages(schema), 2).map((request) => toBytes(bodied(request))),
      { minLength: 1, maxLength: 3 },
    )
    .map((list) => Buffer.concat(list));
  const bytes = fc.oneof(
    { weight: 8, arbitrary: withBytesChanged(whole) },
    { weight: 8, arbitrary: crooked },
    { weight: 2, arbitrary: fc.tuple(crooked, whole).map((pair) => Buffer.concat(pair)) },
    { weight: 1, arbitrary: floods },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((noise) => Buffer.from(noise)) },
  );
  return fc
    .tuple(bytes, fc.boolean(), fc.constantFrom<FuzzCase['ending'][]>('close', 'close', 'close', 'reset'))
    .map(([sent, apart, ending]) => ({
      model: schema.model,
      pieces: apart ? cut(sent) : [sent],
      apart,
      requests: undefined,
      ending,
    }));
}

/** Everything that a server may be sent. */
export function cases(schema: TargetSchema): fc.Arbitrary<FuzzCase> {
  return fc.oneof({ weight: 4, arbitrary: wellFramed(schema) }, { weight: 1, arbitrary: broken(schema) });
}
