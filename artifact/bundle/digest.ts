import type { Artifact, ArtifactFile } from '#contract/artifact.ts';
import { canonicalJson, sha256 } from '#contract/canonical.ts';

/** The digest of an artifact: of the only file's bytes for a single .onnx, of all paths and digests for several files. */
export function artifactDigest(format: Artifact['format'], files: readonly ArtifactFile[]): string {
  if (format === 'onnx' && files.length <= 1) return files[0]?.sha256 ?? sha256('');
  return sha256(
    canonicalJson(
      files.map((file) => [file.path, file.sha256] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
}
