import { readObject, type S3Store } from '#artifact/index.ts';
import type { Artifact, ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { objectKey } from './layout.ts';
import type { Source } from './source.ts';

interface Located {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly etag?: string;
}

/**
 * Reads an artifact's files from S3: the pinned version, and where that is gone or may not be read the key as it is,
 * since every byte is checked against its sha256 anyway.
 */
export function s3Source(store: S3Store, artifact: Artifact): Source {
  const located = new Map<string, Promise<Located>>();

  const locate = async (file: ArtifactFile, signal: AbortSignal): Promise<Located> => {
    const object = objectKey(artifact, file);
    const pinned = file.versionId === undefined ? undefined : { ...object, versionId: file.versionId };
    const info = await head(store, pinned, object, signal);
    if (info.size !== file.size) {
      throw new FailureError(
        'DigestMismatch',
        `s3://${object.bucket}/${object.key} has ${info.size} bytes, and had ${file.size} when it was checked. ` +
          'Upload a changed model under a new key, or apply the ModelDeployment again to check what is there now.',
      );
    }
    const { versionId, etag } = info;
    return {
      ...object,
      ...(versionId === undefined ? {} : { versionId }),
      ...(etag === undefined ? {} : { etag }),
    };
  };

  return {
    name: 's3',
    async *read(file, start, end, signal) {
      const known = located.get(file.path) ?? locate(file, signal);
      located.set(file.path, known);
      try {
        const { bucket, key, versionId, etag } = await known;
        yield* readObject(
          store,
          { bucket, key, ...(versionId === undefined ? {} : { versionId }) },
          {
            signal,
            range: { start, end: end - 1 },
            ...(etag === undefined ? {} : { etag }),
          },
        );
      } catch (error) {
        // The object may have changed, or the store may answer again: look anew next time.
        if (located.get(file.path) === known) located.delete(file.path);
        throw error;
      }
    },
  };
}

async function head(
  store: S3Store,
  pinned: Located | undefined,
  object: Located,
  signal: AbortSignal,
): Promise<{ readonly size: number; readonly versionId?: string; readonly etag?: string }> {
  if (pinned === undefined) return store.head(object, signal);
  try {
    return await store.head(pinned, signal);
  } catch (error) {
    const isGone =
      error instanceof FailureError && (error.reason === 'NotFound' || error.reason === 'AccessDenied');
    if (!isGone) throw error;
    return store.head(object, signal);
  }
}
