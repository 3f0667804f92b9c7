import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '#test/cluster/command.ts';
import type { BundleFiles } from '#test/support/bundle.ts';

const TRAINING = fileURLToPath(new URL('../../training', import.meta.url));

/**
 * Trains the bank churn model as a user does and returns its bundle's folder. Real data where WINDLASS_DATA names a
 * folder with bankchurn/Churn.csv, else generated data.
 */
export async function trainChurn(
  folder: string,
  version: string,
  flags: readonly string[] = [],
): Promise<string> {
  await run(join(TRAINING, 'setup.sh'), [], { timeout: 600_000 });
  const real = join(process.env['WINDLASS_DATA'] ?? '', 'bankchurn', 'Churn.csv');
  const data = process.env['WINDLASS_DATA'] !== undefined && existsSync(real) ? ['--data', real] : [];
  const out = join(folder, version);
  const program = join(TRAINING, '.venv', 'bin', 'windlass-train');
  await run(program, ['train', 'bankchurn', ...data, '--out', out, '--version', version, ...flags], {
    timeout: 600_000,
  });
  return out;
}

/** The files of a bundle's folder. */
export async function readBundle(folder: string): Promise<BundleFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string) => [relative(folder, path), await readFile(path)] as const;
  return new Map(await Promise.all(files.map(read)));
}
