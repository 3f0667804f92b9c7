import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { goldenSchema, manifestSchema } from '#contract/model-manifest.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import type { Progress } from '#test/cluster/progress.ts';

export interface Version {
  readonly version: string;
  readonly bundle: string;
  readonly seed: number;
}

/** The file that WINDLASS_DATA names, by itself or in a folder of data sets; undefined: data is made up. */
export async function realData(named: string | undefined): Promise<string | undefined> {
  if (named === undefined || named === '') return undefined;
  const info = await stat(named).catch(() => undefined);
  if (info === undefined) throw new Error(`WINDLASS_DATA=${named}: there is no such file or folder`);
  if (!info.isDirectory()) return named;
  for (const path of ['bankchurn/Churn.csv', 'Churn.csv']) {
    const file = join(named, path);
    if ((await stat(file).catch(() => undefined)) !== undefined) return file;
  }
  throw new Error(`WINDLASS_DATA=${named}: the folder has neither bankchurn/Churn.csv nor Churn.csv`);
}

/** Trains one version of the bank churn model and writes its bundle. */
export async function train(version: Version, data: string | undefined, progress: Progress): Promise<void> {
  const args = ['train', 'bankchurn', '--version', version.version, '--seed', String(version.seed)];
  args.push('--out', version.bundle, ...(data === undefined ? [] : ['--data', data]));
  await follow(repositoryFolder('training', '.venv', 'bin', 'windlass-train'), args, progress);
}

/** The Python environment, from its lock file; at once where it is there already. */
export function setUpTraining(progress: Progress): Promise<void> {
  return follow('sh', [repositoryFolder('training', 'setup.sh')], progress);
}

/** Runs a program to its end and passes its lines on. */
async function follow(file: string, args: readonly string[], progress: Progress): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  createInterface({ input: child.stdout }).on('line', progress);
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    progress(line);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  if (code === 0) return;
  const tail = errors.slice(-5).join('\n');
  throw new Error(`${basename(file)} ${args.join(' ')} ended with ${code}: ${tail}`);
}

/** A customer as the model's inputs allow: golden requests try missing and unknown values too. */
export async function knownCustomer(bundle: string): Promise<Readonly<Record<string, unknown>>> {
  const read = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(join(bundle, file), 'utf8'));
  const { rows } = goldenSchema.parse(await read('golden.json'));
  const { inputs } = manifestSchema.parse(await read('model.json'));
  const valid = rows.find(({ input }) =>
    inputs.every(({ name, values }) => {
      const value = input[name] ?? undefined;
      return value !== undefined && (values === undefined || values.some((allowed) => allowed === value));
    }),
  );
  if (valid === undefined) throw new Error(`${bundle}/golden.json has no row that is a whole request`);
  return valid.input;
}
