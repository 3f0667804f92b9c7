import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { commentedManifest } from './manifest.ts';
import { readModel } from './model.ts';
import type { InitModel } from './model.ts';
import { deploymentName } from './name.ts';

export interface InitOptions {
  readonly namespace?: string;
  readonly name?: string;
  readonly uri?: string;
  readonly secret?: string;
  readonly output?: string;
  readonly force?: boolean;
  readonly endpointUrl?: string;
  readonly region?: string;
}

export async function init(from: string, options: InitOptions, io: Io): Promise<ExitCode> {
  const model = await readModel(from, options, io.env, io.signal);
  const named = model.manifest?.name ?? model.registry?.name ?? basename(from).replace(/\.onnx$/, '');
  const name = deploymentName(options.name, named);
  const uri = await whereIsIt(from, model, name, options, io);
  const { namespace, secret } = options;
  const text = commentedManifest({ name, namespace, uri, secret, model });
  check(text);
  if (options.output === undefined || options.output === '-') {
    io.out(text);
    return EXIT.ok;
  }
  await write(options.output, text, options.force === true);
  io.err(
    `${options.output} written. Review the limits of its checks, then: kubectl apply -f ${options.output}\n`,
  );
  return EXIT.ok;
}

/** Files of this machine have to be pushed somewhere first. */
async function whereIsIt(
  from: string,
  { uri, manifest }: InitModel,
  name: string,
  options: InitOptions,
  io: Io,
): Promise<string> {
  if (options.uri !== undefined) return options.uri;
  if (uri !== undefined) return uri;
  const version = (manifest?.version ?? '1').replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  const place =
    manifest === undefined
      ? `s3://models/${name}/${version}/${basename(from)}`
      : `s3://models/${name}/${version}/`;
  io.err(
    manifest === undefined
      ? `${from} is on this machine: upload it to ${place}, or say where it will be with --uri.\n`
      : `${from} is on this machine. Push it first, there or elsewhere (then give --uri):\n  kubectl windlass push ${from} ${place}\n`,
  );
  return place;
}

/** What is written here must be what the API server takes: an unusual --uri is found now, and not at apply. */
function check(text: string): void {
  const { spec } = parse(text) as { readonly spec: unknown };
  const parsed = modelDeploymentSpecSchema.safeParse(spec);
  if (parsed.success) return;
  const issues = parsed.error.issues.map(({ path, message }) => `spec.${path.join('.')}: ${message}`);
  throw new CliError(`this would be no valid ModelDeployment:\n  ${issues.join('\n  ')}`, {
    exitCode: EXIT.usage,
    hint: 'check --uri and --secret',
  });
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CliError(`${file} is there already, and nothing was written`, {
        exitCode: EXIT.usage,
        hint: 'give another --output, or --force to overwrite it',
        cause: error,
      });
    }
    throw new CliError(`${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}
