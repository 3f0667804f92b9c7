import { EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { bytes, document } from '../format/index.ts';
import type { Io } from '../io.ts';
import { Bucket } from './bucket.ts';
import { readBundle } from './bundle.ts';
import type { LocalBundle } from './bundle.ts';
import { fromS3Error } from './errors.ts';
import { parseTarget, push } from './push.ts';
import type { PushEvents, PushResult, PushTarget } from './push.ts';

export interface PushOptions {
  readonly endpointUrl?: string;
  readonly region?: string;
  readonly force?: boolean;
  readonly output?: 'json' | 'yaml';
}

const SAY_EVERY_MS = 2000;

export async function pushBundle(
  folder: string,
  uri: string,
  options: PushOptions,
  io: Io,
): Promise<ExitCode> {
  const target = parseTarget(uri);
  const bundle = await readBundle(folder);
  const total = bundle.files.reduce((sum, file) => sum + file.size, 0);
  const { name, version } = bundle.manifest;
  io.err(`${name} ${version}: ${bundle.files.length} files, ${bytes(total)}, all digests verified\n`);
  if (bundle.unlisted.length > 0) {
    io.err(`not part of the bundle, left out: ${bundle.unlisted.join(', ')}\n`);
  }
  const endpoint = options.endpointUrl ?? io.env['AWS_ENDPOINT_URL_S3'] ?? io.env['AWS_ENDPOINT_URL'];
  const bucket = new Bucket({
    bucket: target.bucket,
    endpoint,
    region: options.region ?? io.env['AWS_REGION'] ?? io.env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    signal: io.signal,
  });
  try {
    const result = await push(bundle, target, bucket, options.force === true, narrate(total, io));
    io.out(
      options.output === undefined
        ? summary(result, bundle, target)
        : `${document(options.output, { uri: target.uri, sha256: bundle.manifestSha256, ...result })}\n`,
    );
    return EXIT.ok;
  } catch (error) {
    throw fromS3Error(error, target.uri);
  } finally {
    bucket.close();
  }
}

function narrate(total: number, io: Io): PushEvents {
  let sent = 0;
  let saidAt = io.now().getTime();
  return {
    uploading: (file) => io.err(`  ${file.path} (${bytes(file.size)})\n`),
    kept: (file) => {
      sent += file.size;
      io.err(`  ${file.path}: there already\n`);
    },
    sent(count) {
      sent += count;
      const now = io.now().getTime();
      if (now - saidAt < SAY_EVERY_MS) return;
      saidAt = now;
      io.err(`  ${bytes(sent)} of ${bytes(total)} (${Math.floor((100 * sent) / Math.max(1, total))} %)\n`);
    },
  };
}

function summary(result: PushResult, bundle: LocalBundle, target: PushTarget): string {
  const what =
    result.uploaded.length === 0
      ? 'nothing to upload: it is all there'
      : `${result.uploaded.length} files uploaded`;
  return [
    `${target.uri}: ${what}`,
    'Serve it with this in a ModelDeployment:',
    '  spec:',
    '    model:',
    `      uri: ${target.uri}`,
    `      sha256: ${bundle.manifestSha256}   # optional: refuse any other bytes`,
    '',
  ].join('\n');
}
