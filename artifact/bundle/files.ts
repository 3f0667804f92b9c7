import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { FailureError } from '#contract/failure.ts';
import type { FolderEntry, MlflowServer } from '../mlflow/index.ts';
import { describeObject, type ObjectInfo, readObject, type S3Store } from '../s3/index.ts';

/** The files of a model, wherever they are. Paths are those of `artifactFileSchema`. */
export interface ModelFiles {
  /** The file as messages name it. */
  describe(path: string): string;
  /** NotFound where there is none. */
  stat(path: string, signal: AbortSignal): Promise<ObjectInfo>;
  /** The bytes of exactly the state that `stat` gave. */
  read(path: string, info: ObjectInfo, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Files below a prefix of a bucket. `versions` pins single ones. */
export function s3Files(
  store: S3Store,
  bucket: string,
  prefix: string,
  versions: Readonly<Record<string, string>> = {},
): ModelFiles {
  const at = (path: string, versionId = versions[path]) => ({
    bucket,
    key: prefix + path,
    ...(versionId === undefined ? {} : { versionId }),
  });
  return {
    describe: (path) => describeObject(at(path)),
    stat: (path, signal) => store.head(at(path), signal),
    read: (path, info, signal) =>
      readObject(store, at(path, info.versionId), {
        signal,
        ...(info.etag === undefined ? {} : { etag: info.etag }),
      }),
  };
}

/** Files of a folder that an MLflow server proxies. It tells sizes and no versions; each folder is listed once. */
export function proxiedFiles(server: MlflowServer, root: string, label: string): ModelFiles {
  const at = (path: string) => (root === '' ? path : `${root}/${path}`);
  const describe = (path: string) => `${label} (${path})`;
  const listed = new Map<string, Promise<readonly FolderEntry[]>>();
  const list = (folder: string, what: string, signal: AbortSignal) => {
    const known = listed.get(folder) ?? server.list(folder, what, signal);
    listed.set(folder, known);
    known.catch(() => listed.delete(folder));
    return known;
  };
  return {
    describe,
    stat: async (path, signal) => {
      const full = at(path);
      const cut = full.lastIndexOf('/');
      const entries = await list(full.slice(0, Math.max(cut, 0)), describe(path), signal);
      const entry = entries.find(({ name, isFolder }) => name === full.slice(cut + 1) && !isFolder);
      if (entry !== undefined) return { size: entry.size };
      throw new FailureError(
        'NotFound',
        `There is no ${describe(path)} at the MLflow server ${server.host}. Register the model again, whole.`,
      );
    },
    read: (path, { size }, signal) =>
      server.read({ path: at(path), size, what: describe(path) }, 0, size, signal),
  };
}

/** Files of a local folder; a symbolic link is refused, as it could lead anywhere. */
export function folderFiles(folder: string): ModelFiles {
  const notFound = (path: string) =>
    new FailureError('NotFound', `There is no file ${join(folder, path)}. Check the path.`);
  const refuseLinks = async (path: string) => {
    const segments = path.split('/');
    for (let depth = 1; depth <= segments.length; depth += 1) {
      const part = join(folder, ...segments.slice(0, depth));
      const stats = await lstat(part).catch(() => {
        throw notFound(path);
      });
      if (stats.isSymbolicLink()) {
        throw new FailureError(
          'UnsafeModel',
          `${part} is a symbolic link, which a model may not hold. Put the file itself there.`,
        );
      }
    }
  };
  return {
    describe: (path) => join(folder, path),
    stat: async (path) => {
      await refuseLinks(path);
      const stats = await lstat(join(folder, path));
      if (!stats.isFile()) throw notFound(path);
      return { size: stats.size };
    },
    async *read(path, _info, signal) {
      await using file = await open(join(folder, path), constants.O_RDONLY | constants.O_NOFOLLOW);
      const buffer = Buffer.allocUnsafe(256 * 1024);
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    },
  };
}
