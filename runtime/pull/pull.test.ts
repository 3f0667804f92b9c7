import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { artifactDigest, createS3Store, type S3Store } from '#artifact/index.ts';
import { s3Error, TestS3 } from '#artifact/s3/test-server.ts';
import type { Artifact } from '#contract/artifact.ts';
import { sha256 } from '#contract/canonical.ts';
import { pull, type PullRequest } from './pull.ts';
import { s3Source } from './s3-source.ts';

const SEGMENT_BYTES = 1024 * 1024;
const big = randomBytes(2 * SEGMENT_BYTES + 12_345);
const small = Buffer.from('golden');
const lines: string[] = [];
const log = {
  info: (_fields: unknown, message?: string) => lines.push(message ?? ''),
  warn: (_fields: unknown, message?: string) => lines.push(message ?? ''),
} as unknown as PullRequest['log'];
let server: TestS3;
let folder: string;
let target: string;
let peer: Server | undefined;

beforeEach(async () => {
  lines.length = 0;
  server = await TestS3.start();
  server.put('models/a/model.onnx', big, 'v1');
  server.put('models/a/data/golden.json', small, 'v1');
  folder = await mkdtemp(join(tmpdir(), 'windlass-pull-'));
  target = join(folder, 'target');
});
afterEach(async () => {
  await server.stop();
  peer?.closeAllConnections();
  peer?.close();
  peer = undefined;
  await rm(folder, { recursive: true });
});

const files: Artifact['files'] = [
  { path: 'data/golden.json', size: small.length, sha256: sha256(small), versionId: 'v1' },
  { path: 'model.onnx', size: big.length, sha256: sha256(big), versionId: 'v1' },
];
const artifact: Artifact = {
  format: 'bundle',
  uri: 's3://models/a/',
  sha256: artifactDigest('bundle', files),
  size: big.length + small.length,
  files,
};

function storeOf(requestTimeoutMs = 5000): S3Store {
  return createS3Store({
    connection: { endpoint: server.endpoint },
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    addresses: { allowLoopback: true },
    timing: { attempts: 2, backoffMs: 5, requestTimeoutMs },
  });
}

function run(options: Partial<PullRequest> = {}): Promise<void> {
  return pull({
    artifact,
    target,
    origin: s3Source(storeOf(), options.artifact ?? artifact),
    log,
    segmentBytes: SEGMENT_BYTES,
    signal: new AbortController().signal,
    chooser: { pauseMs: 10, maxPauseMs: 50, giveUpMs: 1000 },
    ...options,
  });
}

async function isComplete(): Promise<boolean> {
  const [model, golden] = await Promise.all([
    readFile(join(target, 'model.onnx')),
    readFile(join(target, 'data/golden.json')),
  ]);
  return (
    model.equals(big) &&
    golden.equals(small) &&
    (await readdir(target)).toSorted().join() === 'data,model.onnx'
  );
}

/** Gives the files by digest, to whoever has the token. */
async function startPeer(): Promise<string> {
  peer = createServer((request, response) => {
    const content = [big, small].find((item) => request.url === `/windlass/v1/files/${sha256(item)}`);
    if (content === undefined || request.headers.authorization !== 'Bearer token') {
      response.writeHead(404).end();
      return;
    }
    const [, start = '0', end = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    response.writeHead(206, {
      'content-length': Number(end) - Number(start) + 1,
      'content-range': `bytes ${start}-${end}/${content.length}`,
    });
    response.end(content.subarray(Number(start), Number(end) + 1));
  });
  await new Promise<void>((resolve) => peer?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(peer.address() as AddressInfo).port}`;
}

test('brings every file in ranged reads of the pinned version, and leaves nothing else behind', async () => {
  await run();
  expect(await isComplete()).toBe(true);
  const reads = server.requests.filter(({ method, url }) => method === 'GET' && url.includes('model.onnx'));
  expect(reads).toHaveLength(3);
  expect(reads.every(({ range, url }) => range !== undefined && url.includes('versionId=v1'))).toBe(true);
});

test('a second pull of the same pod only hashes', async () => {
  await run();
  const before = server.requests.length;
  await run();
  expect(server.requests).toHaveLength(before);
});

test('a file that was damaged in the target is pulled again', async () => {
  await run();
  await truncate(join(target, 'model.onnx'), 10);
  await truncate(join(target, 'model.onnx'), big.length);
  await run();
  expect(await isComplete()).toBe(true);
});

test('cut connections, 503 and throttling are lived through', async () => {
  let answers = 0;
  server.fault = (request, response, content) => {
    answers += 1;
    if (request.method === 'HEAD' || answers > 12) return false;
    const [, start = '0', end = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    if (answers % 3 === 0 || content === undefined) s3Error(response, 503, 'SlowDown');
    else {
      const part = content.subarray(Number(start), Number(end) + 1);
      response.writeHead(206, {
        'content-length': part.length,
        'content-range': `bytes ${start}-${end}/${content.length}`,
      });
      response.write(part.subarray(0, 100_000), () => response.destroy());
    }
    return true;
  };
  await run();
  expect(await isComplete()).toBe(true);
});

test('a container that starts again goes on where the last one ended', async () => {
  const stop = new AbortController();
  server.fault = (request, response, content) => {
    if (request.method !== 'GET' || content?.length !== big.length) return false;
    response.writeHead(206, {
      'content-length': big.length,
      'content-range': `bytes 0-${big.length - 1}/${big.length}`,
    });
    response.write(big.subarray(0, SEGMENT_BYTES + 100_000));
    setTimeout(() => stop.abort(new Error('killed')), 500);
    return true;
  };
  await expect(run({ signal: stop.signal, connections: 1 })).rejects.toThrow('killed');
  await expect(stat(join(target, 'model.onnx'))).rejects.toThrow('ENOENT');
  const before = server.requests.length;
  server.fault = () => false;
  await run({ connections: 1 });
  expect(await isComplete()).toBe(true);
  expect(server.requests.slice(before).filter(({ method }) => method === 'GET')).toMatchObject([
    { range: `bytes=${SEGMENT_BYTES}-${big.length - 1}` },
  ]);
});

test('what an earlier container left is not believed without its digest', async () => {
  await mkdir(join(target, '.windlass-pull'), { recursive: true });
  const part = join(target, '.windlass-pull', sha256(big));
  await writeFile(part, Buffer.alloc(big.length));
  await writeFile(`${part}.segments`, `${SEGMENT_BYTES}\n0\n1\n`);
  await run();
  expect(await isComplete()).toBe(true);
});

test('a version that is gone, or may not be read, is replaced by the key as it is', async () => {
  for (const code of ['NoSuchVersion', 'AccessDenied']) {
    server.fault = (request, response) => {
      if (!request.url?.includes('versionId=v1')) return false;
      s3Error(response, code === 'AccessDenied' ? 403 : 404, code);
      return true;
    };
    // The key as it is has no version header here, so that the fault does not meet it again.
    server.put('models/a/model.onnx', big);
    server.put('models/a/data/golden.json', small);
    await run();
    expect(await isComplete()).toBe(true);
    await rm(target, { recursive: true });
  }
});

test('other bytes of the same size are a DigestMismatch, and never get their final name', async () => {
  server.put('models/a/model.onnx', Buffer.alloc(big.length), 'v1');
  await expect(run()).rejects.toMatchObject({
    reason: 'DigestMismatch',
    message: expect.stringMatching(
      /model.onnx came with the sha256 .*, and .* was checked. The object has changed/,
    ),
  });
  expect(await readdir(target)).toEqual(['.windlass-pull', 'data']);
});

test('another size is a DigestMismatch before anything is downloaded', async () => {
  server.put('models/a/model.onnx', Buffer.alloc(10), 'v1');
  await expect(run()).rejects.toMatchObject({
    reason: 'DigestMismatch',
    message: expect.stringContaining('has 10 bytes, and had'),
  });
});

test('a peer gives what S3 no longer has', async () => {
  const base = await startPeer();
  server.put('models/a/model.onnx', Buffer.alloc(big.length), 'v1');
  await run({ peer: base, peerToken: 'token' });
  expect(await isComplete()).toBe(true);
});

test('a peer takes over when S3 does not answer, within seconds', async () => {
  const base = await startPeer();
  server.fault = () => true;
  const started = performance.now();
  await run({
    peer: base,
    peerToken: 'token',
    origin: s3Source(storeOf(500), artifact),
    chooser: { pauseMs: 500, maxPauseMs: 5000, giveUpMs: 20_000 },
  });
  expect(await isComplete()).toBe(true);
  expect(performance.now() - started).toBeLessThan(8000);
}, 20_000);

test('S3 takes over when it comes back and no peer is there', async () => {
  server.fault = (_, response) => {
    response.destroy();
    return true;
  };
  setTimeout(() => {
    server.fault = () => false;
  }, 300);
  await run({ peer: 'http://127.0.0.1:9', peerToken: 'token' });
  expect(await isComplete()).toBe(true);
});

test('where nobody has it, the message says why for each source', async () => {
  server.fault = (_, response) => {
    s3Error(response, 403, 'InvalidAccessKeyId');
    return true;
  };
  const base = await startPeer();
  await expect(run({ peer: base, peerToken: 'wrong' })).rejects.toMatchObject({
    reason: 'PullFailed',
    message: expect.stringMatching(
      /s3: .*does not know AWS_ACCESS_KEY_ID.*peer: a pod of this revision answered HTTP 404/,
    ),
  });
});

test('the second pod takes its files from the cache, verified, and from nowhere else', async () => {
  const cache = join(folder, 'cache');
  await run({ cache });
  await rm(target, { recursive: true });
  const before = server.requests.length;
  await run({ cache });
  expect(await isComplete()).toBe(true);
  expect(server.requests).toHaveLength(before);
});

test('a damaged cache entry is thrown away and made anew', async () => {
  const cache = join(folder, 'cache');
  await run({ cache });
  await rm(target, { recursive: true });
  const entry = join(cache, 'sha256', sha256(big).slice(0, 2), sha256(big));
  await chmod(entry, 0o644);
  await writeFile(entry, Buffer.alloc(big.length));
  await run({ cache });
  expect(await isComplete()).toBe(true);
  expect(sha256(await readFile(entry))).toBe(sha256(big));
});

test('pods that fill one cache at the same time do not disturb each other', async () => {
  const cache = join(folder, 'cache');
  const targets = ['one', 'two', 'three'].map((name) => join(folder, name));
  await Promise.all(targets.map((each) => run({ cache, target: each })));
  for (const each of targets) expect((await readFile(join(each, 'model.onnx'))).equals(big)).toBe(true);
  expect((await readdir(cache, { recursive: true })).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('a cache that cannot be used is a warning', async () => {
  const cache = join(folder, 'file');
  await writeFile(cache, '');
  await run({ cache });
  expect(await isComplete()).toBe(true);
  expect(lines).toContainEqual(expect.stringContaining('could not be kept in the cache'));
});

test('a symbolic link in the volume leads nowhere outside of it', async () => {
  await mkdir(target);
  await mkdir(join(folder, 'outside'));
  await symlink(join(folder, 'outside'), join(target, 'data'));
  await expect(run()).rejects.toMatchObject({
    reason: 'PullFailed',
    message: expect.stringContaining('symbolic link'),
  });
  expect(await readdir(join(folder, 'outside'))).toEqual([]);
});
