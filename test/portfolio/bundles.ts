import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#test/cluster/command.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import type { Progress } from '#test/cluster/progress.ts';
import { timed } from '#test/cluster/progress.ts';
import type { System } from './systems.ts';

/** Pictures take minutes on a busy machine. */
const TRAINING_MS = 20 * 60_000;

/** Runs a command of training, and returns what it printed. */
export async function windlassTrain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  await run(repositoryFolder('training', 'setup.sh'), [], { timeout: TRAINING_MS });
  const program = repositoryFolder('training', '.venv', 'bin', 'windlass-train');
  return run(program, args, { timeout: TRAINING_MS, env });
}

/** The real data of a system, where WINDLASS_DATA names a folder that has it; else it is made up. */
export function realDataOf({ data }: System): string | undefined {
  const folder = process.env['WINDLASS_DATA'];
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, data);
  return existsSync(path) ? path : undefined;
}

/** Trains a system's model as a user does, and returns its bundle's folder. */
export async function trainBundle(
  system: System,
  folder: string,
  version: string,
  progress: Progress,
): Promise<string> {
  const out = join(folder, `${system.name}-${version}`);
  const data = realDataOf(system);
  const args = ['train', system.name, '--out', out, '--version', version];
  // Made-up data has made-up metrics: the gate is about the real one.
  const more = data === undefined ? ['--no-gate'] : ['--data', data];
  await timed(
    `training ${system.model}${data === undefined ? ' on made-up data' : ''}`,
    progress,
    async () => {
      await windlassTrain([...args, ...more]);
    },
  );
  return out;
}
