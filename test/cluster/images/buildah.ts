import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { attempt, run } from '../command.ts';
import { cacheFolder, repositoryFolder } from '../paths.ts';

const BUILD_TIMEOUT = 20 * 60_000;

/** Images and layers of ours lie in the cache folder, not among those of the machine. */
function storage(): readonly string[] {
  return ['--root', cacheFolder('containers', 'storage'), '--runroot', cacheFolder('containers', 'run')];
}

export function buildah(args: readonly string[], timeout = 60_000): Promise<string> {
  return run('buildah', [...storage(), ...args], { timeout });
}

export async function imageExists(name: string): Promise<boolean> {
  return (await attempt('buildah', [...storage(), 'inspect', '--type=image', name])).code === 0;
}

/** Builds one target of the Dockerfile under `tags`; says each step's line to `onLine`. */
export async function buildTarget(
  target: string,
  tags: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const names = tags.flatMap((tag) => ['--tag', tag]);
  const flags = ['--isolation=chroot', '--pull-never', '--layers', '--format=docker', `--target=${target}`];
  await run('buildah', [...storage(), 'build', ...flags, ...names, '.'], {
    cwd: repositoryFolder(),
    timeout: BUILD_TIMEOUT,
    onLine,
  });
}

/** Writes an archive (docker format) with all of `tags`; a push names one alone, so the list of names is written anew. */
export async function saveArchive(tags: readonly string[], archive: string): Promise<void> {
  const [first = ''] = tags;
  const scratch = `${archive}.new`;
  await mkdir(dirname(archive), { recursive: true });
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch);
  const tar = join(scratch, 'image.tar');
  await buildah(['push', '--quiet', first, `docker-archive:${tar}:${first}`], BUILD_TIMEOUT);
  const manifest = JSON.parse(await run('tar', ['-xOf', tar, 'manifest.json'])) as readonly object[];
  const renamed = manifest.map((image) => Object.assign(image, { RepoTags: tags }));
  await writeFile(join(scratch, 'manifest.json'), JSON.stringify(renamed));
  await run('tar', ['--delete', '-f', tar, 'manifest.json', 'repositories'], { timeout: BUILD_TIMEOUT });
  await run('tar', ['-C', scratch, '-rf', tar, 'manifest.json'], { timeout: BUILD_TIMEOUT });
  await rename(tar, archive);
  await rm(scratch, { recursive: true, force: true });
}
