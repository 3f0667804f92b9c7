import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { NodeReader } from '#test/support/read-by-node.ts';
import { readHead } from './head.ts';

// Requests that are plain, that nearly are, and that try to be read in two ways, for the tests of readHead.

const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const lineEnd = fc.oneof(
  { weight: 60, arbitrary: fc.constant('\r\n') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\n\r\n', '\r\n ', '\r\n\t', ' \r\n', '\0\r\n'),
  },
);

const requestLine = fc
  .tuple(
    often('POST', 'GET', 'post', 'PUT', ' POST', '\r\nPOST', 'POST ', 'PRI', 'CONNECT', 'HEAD'),
    often(' ', '  ', '\t', ''),
    often(
      '/predict',
      '/v2/models/m/infer',
      '/predict?x=1',
      '/predict?a b',
      '/predict#x',
      '/predict?"<>\\^`{|}',
      'http://x/predict',
      '//predict',
      '/predict\u00e9',
      '/predict\x7f',
      '*',
      '',
    ),
    often(
      ' HTTP/1.1',
      ' HTTP/1.0',
      ' HTTP/2.0',
      ' http/1.1',
      ' HTTP/1.1 ',
      '  HTTP/1.1',
      ' HTTP/1.12',
      '',
      ' HTTP/0.9',
    ),
  )
  .map((parts) => parts.join(''));

const framing = fc.constantFrom(
  'transfer-encoding: chunked',
  'Transfer-Encoding: identity',
  'transfer-encoding : chunked',
  ' transfer-encoding: chunked',
  'transfer-encoding:\x0bchunked',
  'transfer_encoding: chunked',
  'transfer-encoding: xchunked',
  'x: y\ntransfer-encoding: chunked',
  'x: y\rtransfer-encoding: chunked',
  'content-length: 0',
  'content-length: 1',
  'content-length: 5, 5',
  'content-length: +5',
  'content-length: -1',
  'content-length: 0x5',
  'content-length: 5 5',
  'content-length: 05',
  'content-length:',
  'content-length: 99999999999999999999',
  'content-length : 5',
  'content-length\0: 5',
  'Content-Length: 5\0',
  'connection: close',
  'connection: Keep-Alive',
  'connection: keep-alive, upgrade',
  'connection: content-length',
  'upgrade: websocket',
  'upgrade: h2c',
  'expect: 100-continue',
  'expect: x',
  'te: trailers',
  'trailer: content-length',
  'host: y',
  'host:',
);

const harmless = fc.oneof(
  fc.constantFrom(
    'accept: */*',
    'user-agent: x',
    'x-long:   blanks \t ',
    'content-type: application/json',
    'set-cookie: a=b',
    'cookie: a=b; c=d',
    '__proto__: x',
    'constructor: x',
    'X-EMPTY:',
    'x-folded: a\r\n b',
    'x-latin: caf\u00e9',
    'x-del: a\x7fb',
    'x-tab: a\tb',
    'no colon',
    ': no name',
    'x y: z',
    'x\u00e9: z',
    '"quoted": z',
    "!#$%&'*+.^_`|~: z",
  ),
  fc
    .tuple(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string({ maxLength: 20 }))
    .map((parts) => parts.join(': ')),
);

const headers = fc
  .tuple(
    often('host: x', 'Host: x', 'host: x\r\nhost: y', 'hos: x'),
    fc.array(fc.oneof({ weight: 4, arbitrary: harmless }, { weight: 1, arbitrary: framing }), {
      maxLength: 4,
    }),
    often('content-length: 5', 'Content-Length:5', 'CONTENT-LENGTH:  5  ', 'content-length: 500', 'x: y'),
  )
  .map(([host, more, length]) => [host].concat(more, length));

const BODIES = ['{"a":', '12345', '', 'GET /s', '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n', '\r\n\r\n'] as const;
const AFTER = 'GET /after HTTP/1.1\r\nhost: x\r\n\r\n';

/** The bytes of a connection: one request or what resembles one, and another behind it. */
export const connection = fc
  .tuple(
    requestLine,
    headers,
    fc.array(lineEnd, { minLength: 10, maxLength: 10 }),
    often('\r\n', '\n', '\r', '\r\n\r\n', ''),
    fc.constantFrom(...BODIES),
    fc.option(fc.tuple(fc.nat(), fc.constantFrom(0, 9, 10, 13, 32, 58, 127, 200)), { freq: 8 }),
  )
  .map(([line, fields, ends, last, body, noise]) => {
    const lines = [line, ...fields].map((text, i) => text + (ends[i] ?? '\r\n'));
    const bytes = Buffer.from(`${lines.join('')}${last}${body}${AFTER}`, 'latin1');
    if (noise !== null) bytes[noise[0] % bytes.length] = noise[1];
    return bytes;
  });

/**
 * Whatever is read here, node:http reads alike: the same request, ending where it ends. Gives whether it was read here.
 */
export async function expectAgreement(bytes: Buffer, reader: NodeReader): Promise<boolean> {
  const head = readHead(bytes);
  if (head === undefined || head === 'partial') return false;
  const end = head.bytes + head.contentLength;
  if (bytes.length < end) return false;
  // What comes behind it is taken to begin right there.
  const { requests, refused } = await reader.read(
    Buffer.concat([bytes.subarray(0, end), Buffer.from(AFTER)]),
  );
  expect(refused).toBeUndefined();
  const [first, second, ...more] = requests;
  expect(first).toMatchObject({ method: 'POST', url: head.url });
  expect(first?.body).toEqual(bytes.subarray(head.bytes, end));
  const read = Object.entries(head.headers).flat();
  expect(read).toEqual(first?.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)));
  expect(second?.url).toBe('/after');
  expect(more).toEqual([]);
  return true;
}
