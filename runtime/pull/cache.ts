import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArtifactFile } from '#contract/artifact.ts';

/**
 * Model files by their sha256 on a volume that outlives pods. Entries appear whole, by rename, so that any number of pods
 * may write the same one; each is hashed before it is used, and a damaged one is thrown away.
 */
export class FileCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'sha256');
  }

  /** Puts the file at `path` if it is here and whole. */
  async take(file: ArtifactFile, path: string): Promise<boolean> {
    const entry = this.#entry(file.sha256);
    const stats = await stat(entry).catch(() => undefined);
    if (stats === undefined) return false;
    await rm(path, { force: true });
    await linkOrCopy(entry, path);
    if (stats.size === file.size && (await hashFile(path)) === file.sha256) {
      const now = new Date();
      await utimes(entry, now, now).catch(() => undefined);
      return true;
    }
    await Promise.all([rm(entry, { force: true }), rm(path, { force: true })]);
    return false;
  }

  /** Keeps a verified file. Those that were used longest ago go when the volume is full. */
  async put(file: ArtifactFile, path: string): Promise<void> {
    const entry = this.#entry(file.sha256);
    if ((await stat(entry).catch(() => undefined)) !== undefined) return;
    await mkdir(dirname(entry), { recursive: true });
    await this.#makeRoom(file.size);
    const temporary = `${entry}.${randomUUID()}.tmp`;
    try {
      await linkOrCopy(path, temporary);
      await rename(temporary, entry);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #entry(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const isTight = async () => {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize < bytes;
    };
    if (!(await isTight())) return;
    for (const { path } of await this.#oldestFirst()) {
      await rm(path, { force: true });
      if (!(await isTight())) return;
    }
  }

  async #oldestFirst(): Promise<readonly { readonly path: string; readonly usedAt: number }[]> {
    const names = await readdir(this.#folder, { recursive: true });
    const entries = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const stats = await stat(path).catch(() => undefined);
        return stats?.isFile() === true ? [{ path, usedAt: stats.mtimeMs }] : [];
      }),
    );
    return entries.flat().toSorted((a, b) => a.usedAt - b.usedAt);
  }
}

/** sha256 of a file, at constant memory. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** A link costs nothing on one file system; between two the bytes are copied. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}
