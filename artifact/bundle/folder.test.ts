import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linearBundle } from '#test/support/bundle.ts';
import { checkLocalModel } from './folder.ts';

const { signal } = new AbortController();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-model-'));
  await mkdir(join(folder, 'b'));
  for (const [path, content] of linearBundle()) await writeFile(join(folder, 'b', path), content);
});
afterEach(() => rm(folder, { recursive: true }));

test('a folder and a bare .onnx pass the same checks as in S3', async () => {
  const bundle = await checkLocalModel(join(folder, 'b'), signal);
  expect(bundle.artifact).toMatchObject({ format: 'bundle', uri: `file://${folder}/b/` });
  const bare = await checkLocalModel(join(folder, 'b', 'model.onnx'), signal);
  expect(bare.artifact).toMatchObject({ format: 'onnx', files: [{ path: 'model.onnx' }] });
});

test('a file behind a symbolic link is refused, and so is a folder', async () => {
  await rm(join(folder, 'b', 'model.onnx'));
  await symlink('/etc/hostname', join(folder, 'b', 'model.onnx'));
  await expect(checkLocalModel(join(folder, 'b'), signal)).rejects.toMatchObject({
    reason: 'UnsafeModel',
    message: expect.stringContaining('b/model.onnx is a symbolic link'),
  });
});

test('a missing path and a folder without model.json are NotFound', async () => {
  await expect(checkLocalModel(join(folder, 'nowhere'), signal)).rejects.toMatchObject({
    reason: 'NotFound',
  });
  await expect(checkLocalModel(folder, signal)).rejects.toMatchObject({ reason: 'NotFound' });
});
