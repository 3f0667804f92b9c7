import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './command.ts';

export interface ProgramImage {
  readonly tag: string;
  /** A static binary, the image's only file. */
  readonly binary: string;
  readonly user: string;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Writes an image archive (docker format) that holds one static program, unless it is there; returns its path. */
export async function programImage(image: ProgramImage, folder: string): Promise<string> {
  const { size, mtimeMs } = await stat(image.binary);
  const key = createHash('sha256')
    .update(JSON.stringify([image, size, mtimeMs]))
    .digest('hex')
    .slice(0, 16);
  const archive = join(folder, `${key}.tar`);
  if (
    await stat(archive).then(
      () => true,
      () => false,
    )
  )
    return archive;
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, 'image-'));
  try {
    await pack(image, scratch);
    await rename(join(scratch, 'image.tar'), archive);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return archive;
}

async function pack(image: ProgramImage, scratch: string): Promise<void> {
  const root = join(scratch, 'root');
  const program = join(root, 'program');
  await mkdir(dirname(program), { recursive: true });
  await mkdir(join(root, 'tmp'));
  await copyFile(image.binary, program);
  await chmod(program, 0o755);
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  await run('tar', ['-C', root, ...owner, '-cf', join(scratch, 'layer.tar'), '.']);
  const diff = createHash('sha256')
    .update(await readFile(join(scratch, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    config: { Entrypoint: ['/program'], User: image.user },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diff}`] },
  };
  await writeFile(join(scratch, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [image.tag], Layers: ['layer.tar'] }];
  await writeFile(join(scratch, 'manifest.json'), JSON.stringify(manifest));
  const files = ['manifest.json', 'config.json', 'layer.tar'];
  await run('tar', ['-C', scratch, '-cf', join(scratch, 'image.tar'), ...files]);
}
