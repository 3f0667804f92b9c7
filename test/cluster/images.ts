import { readdir, rm, stat } from 'node:fs/promises';
import { provideBase } from './images/base.ts';
import { buildTarget, saveArchive } from './images/buildah.ts';
import { buildTargetWith, saveArchiveWith } from './images/engine.ts';
import { inputsDigest, type ImageTarget } from './images/inputs.ts';
import { installPackages, missingPackages } from './host/requirements.ts';
import { findEngine, type Engine } from './kind/engine.ts';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';
import { printProgress, timed, type Progress } from './progress.ts';

export type { ImageTarget } from './images/inputs.ts';

export interface BuiltImage {
  readonly target: ImageTarget;
  /** The name that stays: windlass/<target>:dev. */
  readonly tag: string;
  /** The name of this content: windlass/<target>:<digest of what went in>. */
  readonly contentTag: string;
  /** An archive of the image under both names, for `loadImages`. */
  readonly archive: string;
  /** Bytes, uncompressed. */
  readonly size: number;
}

/** What a cluster needs; the image that retrains is made where it is asked for. */
const usualTargets: readonly ImageTarget[] = ['operator', 'runtime'];

/** Builds the project's images, unless nothing has changed since, and prints their sizes. */
export async function buildImages(
  targets: readonly ImageTarget[] = usualTargets,
  progress: Progress = printProgress,
): Promise<readonly BuiltImage[]> {
  const folder = cacheFolder('images');
  const images = await Promise.all(targets.map((target) => describe(target, folder)));
  await withLock(
    cacheFolder('images.lock'),
    () => progress('  waiting for another process that builds images'),
    async () => {
      const missing: typeof images = [];
      for (const image of images) if ((await sizeOf(image.archive)) === undefined) missing.push(image);
      if (missing.length === 0) return;
      const engine = await prepare(progress);
      for (const image of missing) await buildOne(engine, image, progress);
      await removeOthers(
        folder,
        images.map(({ archive }) => archive),
      );
    },
  );
  const built: BuiltImage[] = [];
  for (const image of images) built.push({ ...image, size: (await sizeOf(image.archive)) ?? 0 });
  for (const { tag, contentTag, size } of built) {
    progress(`Image ${tag} (${contentTag}): ${(size / 2 ** 20).toFixed(0)} MiB`);
  }
  return built;
}

async function describe(target: ImageTarget, folder: string): Promise<Omit<BuiltImage, 'size'>> {
  const digest = await inputsDigest(target);
  return {
    target,
    tag: `windlass/${target}:dev`,
    contentTag: `windlass/${target}:${digest}`,
    archive: `${folder}/${target}-${digest}.tar`,
  };
}

async function prepare(progress: Progress): Promise<Engine | undefined> {
  const engine = await findEngine();
  if (engine !== undefined) return engine;
  await installPackages(await missingPackages({ buildah: 'buildah' }), progress);
  await provideBase(progress);
  return undefined;
}

async function buildOne(
  engine: Engine | undefined,
  image: Omit<BuiltImage, 'size'>,
  progress: Progress,
): Promise<void> {
  const tags = [image.tag, image.contentTag];
  let step = '';
  const onLine = (line: string): void => {
    if (line.trim() !== '') step = line.trim().slice(0, 100);
  };
  await timed(
    `building the image ${image.tag}`,
    progress,
    async () => {
      await (engine === undefined
        ? buildTarget(image.target, tags, onLine)
        : buildTargetWith(engine, image.target, tags, onLine));
      await (engine === undefined
        ? saveArchive(tags, image.archive)
        : saveArchiveWith(engine, tags, image.archive));
    },
    () => step,
  );
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** Keeps the last few archives: each is as large as its image. */
async function removeOthers(folder: string, current: readonly string[]): Promise<void> {
  const names = await readdir(folder);
  const aged = await Promise.all(
    names.map(async (name) => ({
      path: `${folder}/${name}`,
      age: (await stat(`${folder}/${name}`)).mtimeMs,
    })),
  );
  const old = aged.filter(({ path }) => !current.includes(path)).sort((a, b) => b.age - a.age);
  for (const { path } of old.slice(6)) await rm(path, { recursive: true, force: true });
}
