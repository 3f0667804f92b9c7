import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { programImage } from './archive.ts';
import { run } from './command.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-archive-'));
});

afterAll(() => rm(folder, { recursive: true }));

it('packs a program into an image that runs it, once', async () => {
  const image = { tag: 'windlass-test/cat:dev', binary: '/bin/cat', user: '65532' };
  const archive = await programImage(image, folder);
  const manifest = JSON.parse(await run('tar', ['-xOf', archive, 'manifest.json'])) as readonly object[];
  expect(manifest).toEqual([{ Config: 'config.json', RepoTags: [image.tag], Layers: ['layer.tar'] }]);
  const config = JSON.parse(await run('tar', ['-xOf', archive, 'config.json'])) as {
    readonly config: object;
  };
  expect(config.config).toEqual({ Entrypoint: ['/program'], User: '65532' });
  const { mtimeMs } = await stat(archive);
  expect(await programImage(image, folder)).toBe(archive);
  expect((await stat(archive)).mtimeMs).toBe(mtimeMs);
});
