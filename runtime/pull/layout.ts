import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { parseModelUri } from '#artifact/index.ts';
import type { Artifact, ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';

/** Below the target: files under way, by digest. */
const PARTIAL_FOLDER = '.windlass-pull';

/** Where a file of an artifact is in S3. */
export function objectKey(
  artifact: Artifact,
  file: ArtifactFile,
): { readonly bucket: string; readonly key: string } {
  const { kind, bucket, key } = parseModelUri(artifact.uri);
  return { bucket, key: kind === 'bundle' ? key + file.path : key };
}

/** Where files of one pull lie on disk. */
export interface Layout {
  readonly target: string;
  /** A folder for files that are not whole yet, on the same file system. */
  readonly partial: string;
  /** The final path of a file; its folder exists, and is inside the target. */
  place(path: string): Promise<string>;
}

export async function createLayout(target: string): Promise<Layout> {
  const partial = join(target, PARTIAL_FOLDER);
  await mkdir(partial, { recursive: true });
  const root = await realpath(target);
  return {
    target: root,
    partial: join(root, PARTIAL_FOLDER),
    place: async (path) => {
      const full = join(root, path);
      await mkdir(dirname(full), { recursive: true });
      const folder = await realpath(dirname(full));
      if (folder !== root && !folder.startsWith(root + sep)) {
        throw new FailureError(
          'PullFailed',
          `${full} would be outside of ${root}, behind a symbolic link. Empty the volume.`,
        );
      }
      return full;
    },
  };
}
