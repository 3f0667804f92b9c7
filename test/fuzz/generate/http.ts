import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { SentRequest } from '../case.ts';
import type { TargetSchema } from '../schema.ts';
import { forms, pictures } from './image.ts';
import { anything, mostly, render, strings, styles, type Node } from './json.ts';
import { withBytesChanged, withTokensChanged } from './mutate.ts';
import { batch, row } from './named.ts';
import { binaryInference, inference } from './v2.ts';

/** A whole, well framed request: its parts, from which its bytes follow. */
export interface HttpRequest extends SentRequest {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
  /** Sent in chunks of this size; undefined: with a content-length. */
  readonly chunk: number | undefined;
}

export function toBytes({ method, path, headers, body, chunk }: HttpRequest): Buffer {
  const framing: [string, string][] =
    body === undefined
      ? []
      : [chunk === undefined ? ['content-length', String(body.length)] : ['transfer-encoding', 'chunked']];
  const host = headers.some(([name]) => name === 'host') ? [] : [['host', 'x']];
  const lines = [...host, ...headers, ...framing].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  if (body === undefined) return head;
  return Buffer.concat([head, chunk === undefined ? body : chunked(body, chunk)]);
}

function chunked(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'M-SEARCH',
  'LINK',
  'SUBSCRIBE',
  'QUERY',
];
const PAGES = [
  '/',
  '/health',
  '/livez',
  '/readyz',
  '/model/info',
  '/stats',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/drift',
  '/v2',
  '/v2/health/live',
  '/v2/health/ready',
  '/windlass/v1/traffic',
  '/windlass/v1/drift',
];
const ODD_PATHS = [
  '/predict/',
  '//predict',
  '/PREDICT',
  '/predict?',
  '/predict%00',
  '/%70redict',
  '/../predict',
  '/v2/models',
  '/v2/models//infer',
  '/v2/models/%/infer',
  '/v2/models/%ff%fe',
  '/v2/models/x/versions//ready',
  '/nothing',
  '/favicon.ico',
  '*',
  'http://x/livez',
  '/drift?format=html',
  '/drift?format=%27',
  '/?a=1&a=2',
  '/livez#x',
  '/v2/models/..',
  '/v2/models/a\\b',
  `/${'a'.repeat(9000)}`,
];

/** Headers that mean nothing here, or something, or are odd. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['accept', '*/*'],
  ['host', 'a b'],
  ['host', ''],
  ['host', 'x:y'],
  ['host', '[::1'],
  ['accept', 'text/html'],
  ['accept', 'application/json;q=0'],
  ['accept', ','],
  ['accept-encoding', 'gzip, deflate, br'],
  ['accept-encoding', 'gzip;q=0'],
  ['accept-encoding', '*'],
  ['x-request-id', 'abc'],
  ['x-request-id', 'a b'],
  ['x-request-id', '\u00ff'],
  ['x-request-id', 'y'.repeat(500)],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ['traceparent', 'x'],
  ['x-windlass-forwarded', '1'],
  ['x-windlass-predictions', 'x'],
  ['connection', 'keep-alive'],
  ['connection', 'x, y'],
  ['upgrade', 'websocket'],
  ['upgrade', 'h2c'],
  ['expect', '100-continue'],
  ['expect', 'x'],
  ['range', 'bytes=0-5'],
  ['if-none-match', '*'],
  ['origin', 'null'],
  ['cookie', 'a=b'],
  ['authorization', 'Basic x'],
  ['triton-request-id', 'x'],
  ['inference-header-content-length', '5'],
  ['x-forwarded-for', '::1'],
  ['content-language', 'x'],
  ['__proto__', 'x'],
  ['constructor', 'x'],
];
const moreHeaders = mostly(
  fc.array(fc.constantFrom(...HEADERS), { maxLength: 2 }),
  fc.array(fc.constantFrom(...HEADERS), { maxLength: 60 }),
);

const contentTypes = mostly(
  fc.constant('application/json'),
  fc.constantFrom(
    'application/json; charset=utf-8',
    'application/vnd.x+json',
    'text/plain',
    'application/octet-stream',
    'image/png',
    'multipart/form-data',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    '',
    ';',
    'application/json, application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-16',
  ),
);

interface Content {
  readonly body: Buffer;
  readonly headers: HttpRequest['headers'];
}

function jsonContent(documents: fc.Arbitrary<Node>): fc.Arbitrary<Content> {
  const texts = fc.tuple(documents, styles).map(([node, style]) => render(node, style));
  const bodies = fc.oneof(
    { weight: 40, arbitrary: texts.map((value) => Buffer.from(value)) },
    { weight: 15, arbitrary: withTokensChanged(texts).map((value) => Buffer.from(value)) },
    { weight: 10, arbitrary: withBytesChanged(texts.map((value) => Buffer.from(value))) },
    { weight: 1, arbitrary: texts.map((value) => Buffer.from(`\ufeff${value}`)) },
    { weight: 1, arbitrary: texts.map((value) => Buffer.from(value, 'utf16le')) },
  );
  return fc.tuple(bodies, contentTypes).map(([body, type]) => ({ body, headers: [['content-type', type]] }));
}

const PACK: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  'deflate ': (body) => deflateRawSync(body),
  'gzip, gzip': (body) => gzipSync(gzipSync(body)),
  br: (body) => body,
  identity: (body) => body,
  GZIP: (body) => gzipSync(body),
  gzip2: (body) => gzipSync(Buffer.concat([body, Buffer.alloc(3_000_000, 32)])),
};

/** Some bodies compressed, rightly or not. */
function packed(contents: fc.Arbitrary<Content>): fc.Arbitrary<Content> {
  const coded = fc
    .tuple(contents, fc.constantFrom(...Object.keys(PACK)), fc.nat(9))
    .chain(([content, coding, luck]) => {
      const whole = PACK[coding]?.(content.body) ?? content.body;
      const headers: Content['headers'] = [
        ...content.headers,
        ['content-encoding', coding.replace('gzip2', 'gzip').trim()],
      ];
      const bodies = luck < 7 ? fc.constant(whole) : withBytesChanged(fc.constant(whole));
      return bodies.map((body): Content => ({ body, headers }));
    });
  return mostly(contents, coded, 8);
}

/** Requests to the routes that predict. */
export function predictions(schema: TargetSchema): fc.Arbitrary<HttpRequest> {
  const name = mostly(
    fc.constant(encodeURIComponent(schema.name)),
    fc.constantFrom('other', '%', 'a%2Fb', '..'),
    30,
  );
  const version = mostly(
    fc.constant(''),
    fc.constantFrom(`/versions/${encodeURIComponent(schema.version)}`, '/versions/x'),
    6,
  );
  const infer = fc.tuple(name, version).map(([model, tail]) => `/v2/models/${model}${tail}/infer`);
  const named = fc.tuple(fc.constant('/predict'), packed(jsonContent(mostly(row(schema), anything, 20))));
  const batches = fc.tuple(
    fc.constant('/predict_batch'),
    packed(jsonContent(mostly(batch(schema), anything, 20))),
  );
  const tensors = fc.tuple(infer, packed(jsonContent(mostly(inference(schema), anything, 20))));
  const binary = fc.tuple(
    infer,
    packed(
      binaryInference(schema).map(({ body, headerLength }): Content => ({
        body,
        headers: [
          ['content-type', 'application/octet-stream'],
          ['inference-header-content-length', headerLength],
        ],
      })),
    ),
  );
  const images = fc.tuple(
    fc.constantFrom('/predict', '/predict', '/predict_batch'),
    packed(
      fc.oneof(
        forms(mostly(pictures, withBytesChanged(pictures), 3)).map(({ body, contentType }): Content => ({
          body,
          headers: [['content-type', contentType]],
        })),
        fc
          .tuple(pictures, fc.constantFrom('image/png', 'image/jpeg', 'application/octet-stream'))
          .map(([body, type]): Content => ({ body, headers: [['content-type', type]] })),
      ),
    ),
  );
  const isImage =
    schema.inputs.length === 1 && schema.inputs[0]?.type === 'uint8' && schema.inputs[0].shape.length === 4;
  const route = fc.oneof(
    { weight: 4, arbitrary: named },
    { weight: 3, arbitrary: batches },
    { weight: 5, arbitrary: tensors },
    { weight: 3, arbitrary: binary },
    { weight: isImage ? 12 : 1, arbitrary: images },
  );
  return fc
    .tuple(
      route,
      moreHeaders,
      mostly(fc.constant(undefined), fc.constantFrom(1, 7, 1000), 5),
      mostly(fc.constant('POST'), fc.constantFrom(...METHODS), 40),
    )
    .map(([[path, { body, headers }], more, chunk, method]) => ({
      method,
      path,
      headers: [...headers, ...more],
      body,
      chunk,
    }));
}

/** Requests to everything else. */
export function pages(schema: TargetSchema): fc.Arbitrary<HttpRequest> {
  const paths = fc.oneof(
    fc.constantFrom(
      ...PAGES,
      `/v2/models/${schema.name}`,
      `/v2/models/${schema.name}/ready`,
      `/v2/models/${schema.name}/versions/${schema.version}`,
    ),
    fc.constantFrom(...ODD_PATHS),
    fc.webPath({ size: 'small' }).map((path) => path || '/'),
    strings.map((value) => `/${encodeURIComponent(value.toWellFormed())}`),
  );
  return fc
    .tuple(
      mostly(fc.constantFrom('GET', 'GET', 'HEAD'), fc.constantFrom(...METHODS), 3),
      paths,
      moreHeaders,
      mostly(fc.constant(undefined), fc.uint8Array({ maxLength: 50 }), 5),
    )
    .map(([method, path, headers, body]) => ({
      method,
      path,
      headers,
      body: body === undefined ? undefined : Buffer.from(body),
      chunk: undefined,
    }));
}
