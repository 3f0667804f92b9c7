import { z } from 'zod';

/** A path inside a bundle: relative, forward slashes, no `.`/`..` segment, no leading slash, no backslash, no NUL. */
export const bundlePathSchema = z
  .string()
  .min(1)
  .max(512)
  .refine(
    (path) =>
      !path.startsWith('/') &&
      !/[\\\0]/.test(path) &&
      path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..'),
    'must be a relative path inside the bundle: no leading slash, no "..", no backslash',
  );

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** At most this many files in a bundle: the list travels in a pod annotation and in a ModelRevision. */
export const MAX_BUNDLE_FILES = 256;

/** One file of a resolved artifact: which object it is, and the bytes that it must have. */
export const artifactFileSchema = z.strictObject({
  path: bundlePathSchema,
  size: z.int().nonnegative(),
  sha256: sha256Schema,
  etag: z.string().max(256).optional(),
  versionId: z.string().max(1024).optional(),
});

/** The version of a registered model (MLflow) that an artifact is. */
export const artifactRegistrySchema = z.strictObject({
  name: z.string().max(256),
  version: z.string().max(16),
});
export type ArtifactRegistry = Readonly<z.infer<typeof artifactRegistrySchema>>;

/**
 * A resolved artifact: what a revision pins, and what `runtime pull` fetches.
 * `uri` ends in `/` for a folder, that of a bundle or of an MLflow model (a file's object key is the prefix plus its
 * path; behind `mlflow-artifacts:/` the tracking server has it), and names the object for a bare `.onnx` (one file,
 * whose path is the object's base name).
 * `sha256` is the file's own for a single `.onnx`; for several files that of the canonical JSON of
 * [[path, sha256], ...] sorted by path, where a bundle's model.json itself is one of the files.
 */
export const artifactSchema = z.strictObject({
  format: z.enum(['bundle', 'onnx']),
  uri: z.string().max(1024),
  sha256: sha256Schema,
  size: z.int().nonnegative(),
  files: z.array(artifactFileSchema).min(1).max(MAX_BUNDLE_FILES),
  /** The graph's path where model.json does not say it and it may not be the only file (external data). */
  graph: bundlePathSchema.optional(),
  registry: artifactRegistrySchema.optional(),
});
export type Artifact = Readonly<z.infer<typeof artifactSchema>>;
export type ArtifactFile = Readonly<z.infer<typeof artifactFileSchema>>;

/** The graph's path in an artifact without model.json. */
export function graphFile({ graph, files }: Artifact): string {
  return graph ?? files[0]?.path ?? '';
}
