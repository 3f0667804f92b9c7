import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { RequestError } from '#runtime/protocol/errors.ts';
import { acceptedCoding, codingOf, compress, inflateBody, type Coding } from './compression.ts';

const LIMIT = 16 * 1024 * 1024;

function inflated(body: Buffer, coding: Coding, limit = LIMIT): Promise<Buffer> {
  return new Promise((resolve, reject) => inflateBody(body, coding, limit, resolve, reject));
}

function refusal(body: Buffer, coding: Coding, limit = LIMIT): Promise<RequestError> {
  return new Promise((resolve, reject) =>
    inflateBody(body, coding, limit, () => reject(new Error('was taken')), resolve),
  );
}

const small = Buffer.from('{"inputs":[]}');
const large = Buffer.from(JSON.stringify(Array.from({ length: 60_000 }, (_, i) => Math.sin(i))));

describe('a body inflates', () => {
  test.each([
    ['small', small],
    ['large', large],
    ['empty', Buffer.alloc(0)],
  ])('%s, by gzip and both kinds of deflate', async (_, body) => {
    expect(await inflated(gzipSync(body), 'gzip')).toEqual(body);
    expect(await inflated(deflateSync(body), 'deflate')).toEqual(body);
    expect(await inflated(deflateRawSync(body), 'deflate')).toEqual(body);
  });

  test('of zeroes up to a megabyte, however well they compress', async () => {
    const zeroes = Buffer.alloc(1024 * 1024);
    expect((await inflated(gzipSync(zeroes), 'gzip')).equals(zeroes)).toBe(true);
  });

  test('large without holding up the event loop', async () => {
    const body = gzipSync(Buffer.concat([large, large, large]));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await inflated(body, 'gzip');
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('a body is refused', () => {
  test('within milliseconds where it is a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const started = performance.now();
    const error = await refusal(bomb, 'gzip');
    expect(performance.now() - started).toBeLessThan(500);
    expect(error).toMatchObject({ status: 413, code: 'BodyTooLarge' });
    expect(error.message).toMatch(/inflates to more than \d+, 200 times its size; send it uncompressed/);
  });

  test.each<Coding>(['gzip', 'deflate'])('beyond the limit: %s', async (coding) => {
    const body = coding === 'gzip' ? gzipSync(large) : deflateSync(large);
    expect((await refusal(body, coding, large.length - 1)).status).toBe(413);
    expect(await inflated(body, coding, large.length)).toEqual(large);
    expect((await refusal(gzipSync(small), 'gzip', small.length - 1)).message).toContain(
      'more than 12 bytes',
    );
  });

  test.each([
    ['no gzip', small],
    ['cut short', gzipSync(small).subarray(0, 20)],
    ['cut short and large', gzipSync(large).subarray(0, -100)],
    ['damaged', Buffer.concat([gzipSync(large).subarray(0, 1000), Buffer.alloc(200_000)])],
    ['with another sum', Buffer.concat([gzipSync(small).subarray(0, -8), Buffer.alloc(8)])],
    ['with a length that lies', Buffer.concat([gzipSync(large).subarray(0, -4), Buffer.alloc(4, 0xff)])],
  ])('that is %s, as a 400', async (_, body) => {
    const error = await refusal(body, 'gzip');
    expect(error).toMatchObject({ status: 400, code: 'InvalidRequest' });
    expect(error.message).toContain('the body is not gzip');
  });
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['gzip', 'gzip'],
  ['X-GZIP', 'gzip'],
  ['deflate', 'deflate'],
  ['br', null],
  ['gzip, deflate', null],
])('content-encoding %j is read as %j', (header, coding) => {
  expect(codingOf(header)).toBe(coding);
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['gzip, deflate, br', 'gzip'],
  ['deflate, gzip;q=0.5', 'deflate'],
  ['GZIP;Q=0.5', 'gzip'],
  ['gzip;q=0', undefined],
  ['*', 'gzip'],
  ['*;q=0', undefined],
  ['br', undefined],
  ['identity', undefined],
  ['identity, gzip;q=0.1', undefined],
  ['gzip; q=nonsense', undefined],
])('accept-encoding %j asks for %j', (header, coding) => {
  expect(acceptedCoding(header)).toBe(coding);
});

test.each([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
] as const)('an answer compressed as %s is what it was', async (coding, restore) => {
  const compressed = await new Promise<Buffer>((resolve, reject) =>
    compress(large, coding, (error, bytes) => (error === null ? resolve(bytes) : reject(error))),
  );
  expect(compressed.length).toBeLessThan(large.length);
  expect(restore(compressed)).toEqual(large);
});
