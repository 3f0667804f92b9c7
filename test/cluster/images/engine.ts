import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../command.ts';
import type { Engine } from '../kind/engine.ts';
import { repositoryFolder } from '../paths.ts';

const BUILD_TIMEOUT = 20 * 60_000;

export async function buildTargetWith(
  engine: Engine,
  target: string,
  tags: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const names = tags.flatMap((tag) => ['--tag', tag]);
  await run(engine, ['build', `--target=${target}`, ...names, '.'], {
    cwd: repositoryFolder(),
    timeout: BUILD_TIMEOUT,
    env: { DOCKER_BUILDKIT: '1' },
    onLine,
  });
}

export async function saveArchiveWith(
  engine: Engine,
  tags: readonly string[],
  archive: string,
): Promise<void> {
  await mkdir(dirname(archive), { recursive: true });
  const many = engine === 'podman' ? ['--multi-image-archive'] : [];
  await run(engine, ['save', ...many, '--output', `${archive}.new`, ...tags], { timeout: BUILD_TIMEOUT });
  await rename(`${archive}.new`, archive);
}
