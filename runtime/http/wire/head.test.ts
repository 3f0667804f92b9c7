import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NodeReader } from '#test/support/read-by-node.ts';
import { readHead } from './head.ts';
import { connection, expectAgreement } from './test-heads.ts';

const request = (...lines: readonly string[]): Buffer =>
  Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');
const LINE = 'POST /predict HTTP/1.1';

describe('a plain head', () => {
  test('is read with its route, its headers and the length of its body', () => {
    const bytes = request(LINE, 'Host: x', 'Content-Type:  application/json ', 'content-length: 12');
    expect(readHead(bytes)).toMatchObject({
      url: '/predict',
      route: { prediction: 'predict' },
      headers: { host: 'x', 'content-type': 'application/json', 'content-length': '12' },
      bytes: bytes.length,
      contentLength: 12,
    });
  });

  test.each([
    ['nothing', ''],
    ['a part of the method', 'PO'],
    ['a part of a header', `${LINE}\r\nhost: x\r\ncontent-le`],
    ['all but the last byte', `${LINE}\r\nhost: x\r\ncontent-length: 1\r\n\r`],
  ])('%s may become one', (_case, text) => {
    expect(readHead(Buffer.from(text))).toBe('partial');
  });

  test.each([
    ['another method', request('GET /predict HTTP/1.1', 'host: x', 'content-length: 1')],
    ['a part of another method', Buffer.from('GET')],
    ['a path that is no prediction', request('POST /health HTTP/1.1', 'host: x', 'content-length: 1')],
    ['HTTP/1.0', request('POST /predict HTTP/1.0', 'host: x', 'content-length: 1')],
    ['no host', request(LINE, 'content-length: 1')],
    ['two hosts', request(LINE, 'host: x', 'host: x', 'content-length: 1')],
    ['no length', request(LINE, 'host: x')],
    ['two lengths', request(LINE, 'host: x', 'content-length: 1', 'content-length: 1')],
    ['a length with a sign', request(LINE, 'host: x', 'content-length: +1')],
    ['a length beyond a small body', request(LINE, 'host: x', 'content-length: 65537')],
    ['chunks', request(LINE, 'host: x', 'content-length: 1', 'transfer-encoding: chunked')],
    ['a compressed body', request(LINE, 'host: x', 'content-length: 1', 'content-encoding: gzip')],
    ['a connection that shall close', request(LINE, 'host: x', 'content-length: 1', 'connection: close')],
    ['an upgrade', request(LINE, 'host: x', 'content-length: 1', 'upgrade: h2c')],
    ['an expectation', request(LINE, 'host: x', 'content-length: 1', 'expect: 100-continue')],
    ['a folded header', request(LINE, 'host: x', 'x: a', ' b', 'content-length: 1')],
    ['a blank before the colon', request(LINE, 'host: x', 'content-length : 1')],
    ['a bare line feed', request(LINE, 'host: x\nx: y', 'content-length: 1')],
    ['a head that ends with line feeds', Buffer.from(`${LINE}\nhost: x\n\n`)],
    ['a byte beyond ASCII', request(LINE, 'host: x', 'x: caf\u00e9', 'content-length: 1')],
    ['a head without an end', Buffer.from(`${LINE}\r\nx: ${'y'.repeat(5000)}`)],
  ])('%s is none', (_case, bytes) => {
    expect(readHead(bytes)).toBeUndefined();
  });
});

test('whatever is read as plain, node:http reads alike', async () => {
  const reader = new NodeReader();
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(connection, async (bytes) => {
      if (await expectAgreement(bytes, reader)) plain++;
    }),
    { numRuns: 20_000 },
  );
  // Neither side of the line is empty.
  expect(plain).toBeGreaterThan(1000);
  expect(plain).toBeLessThan(15_000);
}, 60_000);
