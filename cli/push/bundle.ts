import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '#contract/canonical.ts';
import { MANIFEST_FILE, manifestSchema, MAX_MANIFEST_BYTES } from '#contract/model-manifest.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import { CliError } from '../exit.ts';
import { bytes } from '../format/index.ts';

export interface LocalFile {
  /** Inside the bundle. */
  readonly path: string;
  /** On this machine. */
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
}

export interface LocalBundle {
  readonly manifest: Manifest;
  readonly manifestBytes: Buffer;
  readonly manifestSha256: string;
  /** Every file that model.json lists, verified. */
  readonly files: readonly LocalFile[];
  /** Files in the folder that model.json does not list: they are no part of the bundle. */
  readonly unlisted: readonly string[];
}

const MENDING = 'write the bundle again with the training code: model.json and its files belong together';

/** Reads a bundle's folder and proves that it is one: model.json valid, every listed file there with its size and digest. */
export async function readBundle(folder: string): Promise<LocalBundle> {
  const manifestBytes = await readManifestBytes(folder);
  const manifest = parseManifest(manifestBytes, folder);
  const files: LocalFile[] = [];
  const problems: string[] = [];
  for (const [path, expected] of Object.entries(manifest.files)) {
    const file = join(folder, path);
    const found = await verify(file, expected);
    if (found === undefined) files.push({ path, file, ...expected });
    else problems.push(`${path}: ${found}`);
  }
  if (problems.length > 0) {
    throw new CliError(`${folder} is not what its ${MANIFEST_FILE} says:\n  ${problems.join('\n  ')}`, {
      hint: MENDING,
    });
  }
  const present = await readdir(folder, { recursive: true, withFileTypes: true });
  const unlisted = present
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/'))
    .filter((path) => path !== MANIFEST_FILE && !(path in manifest.files));
  return { manifest, manifestBytes, manifestSha256: sha256(manifestBytes), files, unlisted };
}

async function readManifestBytes(folder: string): Promise<Buffer> {
  const file = join(folder, MANIFEST_FILE);
  const info = await lstat(file).catch((error: unknown) => {
    throw new CliError(`${folder} is no bundle: it has no ${MANIFEST_FILE}`, {
      hint: 'name the folder that the training code wrote (train ... --out DIR)',
      cause: error,
    });
  });
  if (info.size > MAX_MANIFEST_BYTES) {
    throw new CliError(`${file} has ${bytes(info.size)}; at most ${bytes(MAX_MANIFEST_BYTES)} are allowed`, {
      hint: 'reference and golden requests are files beside it',
    });
  }
  return readFile(file);
}

function parseManifest(content: Buffer, folder: string): Manifest {
  const file = join(folder, MANIFEST_FILE);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (error) {
    throw new CliError(`${file} is not JSON: ${(error as Error).message}`, { hint: MENDING, cause: error });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 10).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new CliError(`${file} is not valid:\n  ${issues.join('\n  ')}`, { hint: MENDING });
}

/** What is wrong with a file, or undefined. */
async function verify(
  file: string,
  expected: { readonly size: number; readonly sha256: string },
): Promise<string | undefined> {
  const info = await lstat(file).catch(() => undefined);
  if (info === undefined) return 'is not there';
  if (!info.isFile()) return 'is not a plain file';
  if (info.size !== expected.size) return `has ${info.size} bytes, ${expected.size} expected`;
  const digest = await digestOf(file);
  return digest === expected.sha256 ? undefined : `has the sha256 ${digest}, ${expected.sha256} expected`;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
