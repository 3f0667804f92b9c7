import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { attempt, run } from '../command.ts';
import { cacheFolder, repositoryFolder } from '../paths.ts';

const BUILD_TIMEOUT = 20 * 60_000;

/**
 * A buildah command whose images and layers lie in the cache folder, not among those of the machine, and whose mounts
 * end with it: they are in a namespace of their own.
 */
function command(args: readonly string[]): readonly string[] {
  const storage = [
    '--root',
    cacheFolder('containers', 'storage'),
    '--runroot',
    cacheFolder('containers', 'run'),
  ];
  return ['--mount', '--propagation=private', 'buildah', ...storage, ...args];
}

export function buildah(args: readonly string[], timeout = 60_000): Promise<string> {
  return run('unshare', command(args), { timeout });
}

export async function imageExists(name: string): Promise<boolean> {
  return (await attempt('unshare', command(['inspect', '--type=image', name]))).code === 0;
}

/** Builds one target of the Dockerfile under `tags`; says each step's line to `onLine`. */
export async function buildTarget(
  target: string,
  tags: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const names = tags.flatMap((tag) => ['--tag', tag]);
  const flags = ['--isolation=chroot', '--pull-never', '--layers', '--format=docker', `--target=${target}`];
  const build = command(['build', ...flags, ...names, '.']);
  try {
    await run('unshare', build, {
      cwd: repositoryFolder(),
      timeout: BUILD_TIMEOUT,
      onLine,
    });
  } catch (error) {
    await buildah(['rm', '--all']); // the container of the step that failed
    throw error;
  }
}

/** Writes an archive (docker format) with all of `tags`; a push names one alone, so the archive is packed anew. */
export async function saveArchive(tags: readonly string[], archive: string): Promise<void> {
  const [first = ''] = tags;
  const scratch = `${archive}.new`;
  const content = join(scratch, 'content');
  const tar = join(scratch, 'image.tar');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(content, { recursive: true });
  await buildah(['push', '--quiet', first, `docker-archive:${tar}:${first}`], BUILD_TIMEOUT);
  await run('tar', ['-C', content, '-xf', tar], { timeout: BUILD_TIMEOUT });
  const file = join(content, 'manifest.json');
  const images = z.array(imageSchema).parse(JSON.parse(await readFile(file, 'utf8')));
  await writeFile(
    file,
    JSON.stringify(images.map(({ Config, Layers }) => ({ Config, Layers, RepoTags: tags }))),
  );
  const layers = images.flatMap(({ Config, Layers }) => [Layers, Config].flat());
  await run('tar', ['-C', content, '-cf', tar, 'manifest.json', ...layers], { timeout: BUILD_TIMEOUT });
  await rename(tar, archive);
  await rm(scratch, { recursive: true, force: true });
}

const imageSchema = z.object({ Config: z.string(), Layers: z.array(z.string()) });
