import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '#contract/canonical.ts';
import { listen } from '#runtime/http/front.ts';
import { createPeerServer, rangeOf } from '#runtime/peer.ts';
import { startServer, Folder, type TestServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { ServiceState } from '#runtime/state.ts';

const TOKEN = 'f7a3-uid';
let folder: Folder;
let server: TestServer;
let peer: Server;
let url: string;
const state = new ServiceState('linear-1');
const files = linearBundle();
const graph = files.get('model.onnx') ?? new Uint8Array();

beforeAll(async () => {
  folder = await Folder.create(files);
  server = await startServer(folder.path);
  peer = createPeerServer(state, TOKEN);
  url = `http://127.0.0.1:${await listen(peer, 0, '127.0.0.1')}/windlass/v1/files/`;
});

afterAll(async () => {
  peer.closeAllConnections();
  peer.close();
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

const get = (digest: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(url + digest, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });

test('nothing is given before a model is loaded', async () => {
  expect((await get(sha256(graph))).status).toBe(503);
});

test('every file of the bundle is given by its digest, model.json too', async () => {
  state.model = server.model;
  for (const bytes of files.values()) {
    const response = await get(sha256(bytes));
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  }
});

test('ranges are given, and those outside are refused', async () => {
  const response = await get(sha256(graph), { range: 'bytes=3-9' });
  expect(response.status).toBe(206);
  expect(response.headers.get('content-range')).toBe(`bytes 3-9/${graph.length}`);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(graph.slice(3, 10)));
  const outside = await get(sha256(graph), { range: 'bytes=999999-' });
  expect(outside.status).toBe(416);
  expect(outside.headers.get('content-range')).toBe(`bytes */${graph.length}`);
});

test.each([
  ['another token', 'Bearer nope'],
  ['none', ''],
  ['a longer one', `Bearer ${TOKEN}x`],
])('with %s nothing is given', async (_, authorization) => {
  expect((await get(sha256(graph), { authorization })).status).toBe(401);
});

test('a file that is no part of the model is not given, whatever its name', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'windlass-peer-'));
  await writeFile(join(outside, 'secret'), 'secret');
  for (const path of [sha256('secret'), '../../model.json', encodeURIComponent(join(outside, 'secret'))]) {
    expect((await get(path)).status).toBe(404);
  }
  await rm(outside, { recursive: true });
});

test.each([
  ['bytes=0-0', 10, { start: 0, end: 0 }],
  ['bytes=5-', 10, { start: 5, end: 9 }],
  ['bytes=-3', 10, { start: 7, end: 9 }],
  ['bytes=-30', 10, { start: 0, end: 9 }],
  ['bytes=5-100', 10, { start: 5, end: 9 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=5-4', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-', 10, undefined],
  ['lines=1-2', 10, undefined],
  [undefined, 10, undefined],
])('the range %s of %i bytes', (header, size, range) => {
  expect(rangeOf(header, size)).toEqual(range);
});
