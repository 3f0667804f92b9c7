import { FailureError } from '#contract/failure.ts';
import { MANIFEST_FILE } from '#contract/model-manifest.ts';
import type { ModelLocation, S3Store } from '../s3/index.ts';
import { nearestNames } from './nearest.ts';

/** Makes of "there is no such object" a message that names what is there instead. Other errors come back as they are. */
export async function explainMissing(
  error: unknown,
  s3: S3Store,
  location: ModelLocation,
  object: string,
  signal: AbortSignal,
): Promise<unknown> {
  const isMissing =
    error instanceof FailureError && error.reason === 'NotFound' && error.message.includes('no such object');
  if (!isMissing) return error;
  try {
    const hint =
      location.kind === 'bundle'
        ? await bundleHint(s3, location, signal)
        : await nameHint(s3, location.bucket, location.key, signal);
    return new FailureError('NotFound', `There is no object ${object}. ${hint}`, { cause: error });
  } catch {
    // Whoever may not list still gets the plain answer.
    return error;
  }
}

async function bundleHint(s3: S3Store, { bucket, key }: ModelLocation, signal: AbortSignal): Promise<string> {
  const below = await s3.list(bucket, key, signal);
  const uri = (name: string) => `s3://${bucket}/${name}`;
  const model = below.find((name) => name.endsWith('.onnx'));
  if (model !== undefined) {
    return `The prefix holds ${short(below, key)} but no ${MANIFEST_FILE}. To serve the bare model set spec.model.uri to ${uri(model)}.`;
  }
  if (below.length > 0) {
    return `The prefix holds ${short(below, key)} but no ${MANIFEST_FILE}. Set spec.model.uri to the folder that holds it.`;
  }
  const trimmed = key.replace(/\/$/, '');
  const siblings = trimmed === '' ? [] : await s3.list(bucket, trimmed, signal);
  if (siblings.includes(trimmed)) {
    return trimmed.endsWith('.onnx')
      ? `${uri(trimmed)} is an object and not a folder: leave the last slash out of spec.model.uri.`
      : `${uri(trimmed)} is an object and not a folder.`;
  }
  return nameHint(s3, bucket, key, signal);
}

/** Names beside the wanted one that are like it. */
async function nameHint(s3: S3Store, bucket: string, key: string, signal: AbortSignal): Promise<string> {
  const trimmed = key.replace(/\/$/, '');
  const parent = trimmed.slice(0, trimmed.lastIndexOf('/') + 1);
  const beside = await s3.list(bucket, parent, signal);
  const near = nearestNames(
    key.slice(parent.length),
    beside.map((name) => name.slice(parent.length)),
  );
  if (near.length > 0) {
    return `Similar names are there: ${near.map((name) => `s3://${bucket}/${parent}${name}`).join(', ')}.`;
  }
  return beside.length === 0
    ? `Nothing is below s3://${bucket}/${parent}. Upload the model, or correct spec.model.uri.`
    : `s3://${bucket}/${parent} holds ${short(beside, parent)}. Upload the model, or correct spec.model.uri.`;
}

function short(below: readonly string[], prefix: string): string {
  return names(below.map((name) => name.slice(prefix.length)));
}

/** The first few names of what is there. */
export function names(all: readonly string[]): string {
  const shown = all.slice(0, 4).map((name) => name.slice(0, 80));
  return `${shown.join(', ')}${all.length > shown.length ? `, and ${all.length - shown.length} more` : ''}`;
}
