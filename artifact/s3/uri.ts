import { FailureError } from '#contract/failure.ts';
import { bundlePathSchema } from '#contract/artifact.ts';

/** One object of a bucket. */
export interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** What a `spec.model.uri` names: a bundle's prefix (its key ends in `/`, or is empty for a whole bucket), or one `.onnx` object. */
export interface ModelLocation {
  readonly kind: 'bundle' | 'onnx';
  readonly bucket: string;
  readonly key: string;
}

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;
const MAX_KEY_BYTES = 1024;

/** Parses `s3://bucket/prefix/` or `s3://bucket/key.onnx`. Throws a FailureError that says what the URI should look like. */
export function parseModelUri(uri: string): ModelLocation {
  const [, bucket, key] = /^s3:\/\/([^/]*)\/(.*)$/s.exec(uri) ?? [];
  if (bucket === undefined || key === undefined) {
    throw invalid(uri, 'is not of the form s3://bucket/prefix/ or s3://bucket/key.onnx');
  }
  if (!BUCKET.test(bucket)) throw invalid(uri, `names the bucket "${bucket}", which is not a bucket's name`);
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw invalid(uri, `has a key of ${Buffer.byteLength(key)} bytes; S3 takes at most ${MAX_KEY_BYTES}`);
  }
  if (key === '' || key.endsWith('/')) return { kind: 'bundle', bucket, key };
  if (!key.endsWith('.onnx')) {
    throw invalid(
      uri,
      `names neither a folder nor an .onnx object; for a bundle end it with a slash: ${uri}/`,
    );
  }
  if (!bundlePathSchema.safeParse(baseName(key)).success) {
    throw invalid(uri, 'has a last segment that cannot be a file name');
  }
  return { kind: 'onnx', bucket, key };
}

export function baseName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** For messages: `s3://bucket/key`, and the version where one is pinned. */
export function describeObject({ bucket, key, versionId }: ObjectLocation): string {
  return `s3://${bucket}/${key}${versionId === undefined ? '' : ` (version ${versionId})`}`;
}

function invalid(uri: string, problem: string): FailureError {
  return new FailureError('NotFound', `spec.model.uri "${uri.slice(0, 300)}" ${problem}.`);
}
