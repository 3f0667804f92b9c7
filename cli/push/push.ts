import { sha256 } from '#contract/canonical.ts';
import { MANIFEST_FILE } from '#contract/model-manifest.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Bucket } from './bucket.ts';
import type { LocalBundle, LocalFile } from './bundle.ts';

export interface PushTarget {
  readonly bucket: string;
  /** Ends in a slash, or is empty. */
  readonly prefix: string;
  readonly uri: string;
}

export function parseTarget(uri: string): PushTarget {
  const [, bucket, prefix] = /^s3:\/\/([a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9])\/(.*)$/.exec(uri) ?? [];
  if (bucket === undefined || prefix === undefined) {
    throw new CliError(`"${uri}" names no place to push to`, {
      exitCode: EXIT.usage,
      hint: 'write s3://BUCKET/PREFIX/, for example s3://models/bankchurn/2/',
    });
  }
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new CliError(`"${uri}" does not end in a slash, and a bundle is a folder`, {
      exitCode: EXIT.usage,
      hint: `did you mean ${uri}/ ?`,
    });
  }
  return { bucket, prefix, uri };
}

export interface PushEvents {
  readonly uploading: (file: LocalFile) => void;
  readonly sent: (bytes: number) => void;
  readonly kept: (file: LocalFile) => void;
}

export interface PushResult {
  readonly uploaded: readonly string[];
  readonly kept: readonly string[];
}

/**
 * Uploads what is not there yet, model.json last: a bundle that was cut in the middle is no bundle, and the next push
 * goes on where it stopped. Other bytes behind a model.json that is there are refused unless forced.
 */
export async function push(
  bundle: LocalBundle,
  target: PushTarget,
  bucket: Pick<Bucket, 'read' | 'holds' | 'write' | 'upload'>,
  force: boolean,
  events: PushEvents,
): Promise<PushResult> {
  const manifestKey = `${target.prefix}${MANIFEST_FILE}`;
  const present = await bucket.read(manifestKey);
  const same = present !== undefined && sha256(present) === bundle.manifestSha256;
  if (present !== undefined && !same && !force) {
    throw new CliError(`${target.uri} already holds another bundle; a push never changes one in place`, {
      hint: 'push to a prefix of its own, such as the next version number (--force overwrites)',
    });
  }
  const uploaded: string[] = [];
  const kept: string[] = [];
  for (const file of bundle.files) {
    const key = `${target.prefix}${file.path}`;
    if (await bucket.holds(key, file)) {
      events.kept(file);
      kept.push(file.path);
      continue;
    }
    events.uploading(file);
    await bucket.upload(key, file, events.sent);
    uploaded.push(file.path);
  }
  if (same) kept.push(MANIFEST_FILE);
  else {
    await bucket.write(manifestKey, bundle.manifestBytes, bundle.manifestSha256);
    uploaded.push(MANIFEST_FILE);
  }
  return { uploaded, kept };
}
