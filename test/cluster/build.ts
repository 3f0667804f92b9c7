import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CommandError, attempt, run } from './command.ts';
import { modules, sourceOf, type Binary, type ComponentModule, type ModuleName } from './components.ts';
import { withLock } from './lock.ts';
import { cacheFolder, sourceFolder } from './paths.ts';
import { printProgress, timed, type Progress } from './progress.ts';
import { Unavailable } from './unavailable.ts';

const AT_A_TIME = 2;
const BUILD_TIMEOUT = 30 * 60_000;

export interface BuildOptions {
  readonly progress?: Progress;
  /** Another platform than this machine's: programs that run in an engine's containers. */
  readonly os?: 'linux';
}

/** Where each binary lies. */
export type Binaries<Name extends Binary> = Readonly<Record<Name, string>>;

/**
 * Builds what of `wanted` the cache lacks, each module by itself, and returns the binaries' paths.
 * The cache is keyed by all that decides the result; a build that is cut off leaves nothing behind that counts.
 */
export async function build<Name extends Binary>(
  wanted: readonly Name[],
  options: BuildOptions = {},
): Promise<Binaries<Name>> {
  const progress = options.progress ?? printProgress;
  const byModule = Map.groupBy(wanted, (binary) => sourceOf(binary).module);
  const result: Partial<Record<Name, string>> = {};
  const queue = [...byModule];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [module, binaries] = next;
      Object.assign(result, await buildModule(module, binaries, options.os, progress));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return result as Binaries<Name>;
}

async function buildModule(
  module: ModuleName,
  binaries: readonly Binary[],
  os: string | undefined,
  progress: Progress,
): Promise<Record<string, string>> {
  const environment = {
    ...goEnvironment,
    ...(os === undefined || os === process.platform ? {} : { GOOS: os }),
  };
  const folder = await outputFolder(module, environment);
  const missing = async (): Promise<readonly Binary[]> => {
    const present = await Promise.all(binaries.map((binary) => isExecutable(join(folder, binary))));
    return binaries.filter((_, index) => present[index] !== true);
  };
  if ((await missing()).length > 0) {
    await withLock(
      `${folder}.lock`,
      () => progress(`  ${module}: waiting for another process that builds it`),
      async () => {
        const left = await missing();
        if (left.length > 0) await compile(module, left, folder, environment, progress);
      },
    );
  }
  return Object.fromEntries(binaries.map((binary) => [binary, join(folder, binary)]));
}

// GOFLAGS of the machine must not change what is built; a Go that is too old fetches the one that go.mod names.
const goEnvironment: Readonly<Record<string, string>> = {
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly -buildvcs=false',
  GOTOOLCHAIN: 'auto',
  GOWORK: 'off',
};

function buildFlags(module: ModuleName): readonly string[] {
  const { linkerFlags, tags = [] }: ComponentModule = modules[module];
  return [
    '-trimpath',
    '-ldflags',
    ['-s', '-w', ...linkerFlags].join(' '),
    ...(tags.length === 0 ? [] : ['-tags', tags.join(',')]),
  ];
}

async function outputFolder(
  module: ModuleName,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const source = sourceFolder('components', module);
  const hash = createHash('sha256');
  for (const file of (await readdir(source)).sort())
    hash.update(file).update(await readFile(join(source, file)));
  const platform = await goPlatform(source, environment);
  hash.update(JSON.stringify([buildFlags(module), environment, platform]));
  return cacheFolder('components', `${module}-${hash.digest('hex').slice(0, 16)}`);
}

async function goPlatform(source: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const remedy =
    'install Go 1.21 or newer (https://go.dev/dl); it fetches the toolchain that go.mod names by itself';
  const answer = await attempt('go', ['env', 'GOVERSION', 'GOOS', 'GOARCH'], {
    cwd: source,
    env: environment,
    timeout: 300_000,
  }).catch(() => undefined);
  if (answer === undefined)
    throw new Unavailable('Go is not installed, and the cluster is built from source', remedy);
  if (answer.code !== 0)
    throw new Unavailable(`this machine's Go cannot build the cluster: ${answer.stderr.trim()}`, remedy);
  return answer.stdout;
}

async function compile(
  module: ModuleName,
  binaries: readonly Binary[],
  folder: string,
  environment: Readonly<Record<string, string>>,
  progress: Progress,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(`${folder}.build-`);
  let compiled = 0;
  const packages = binaries.map((binary) => sourceOf(binary).package);
  try {
    await timed(
      `building ${binaries.join(', ')}`,
      progress,
      () =>
        run('go', ['build', '-v', ...buildFlags(module), '-o', `${scratch}/`, ...packages], {
          cwd: sourceFolder('components', module),
          env: environment,
          timeout: BUILD_TIMEOUT,
          onLine: () => {
            compiled += 1;
          },
        }),
      () => `${compiled} packages compiled`,
    );
    for (const binary of binaries) {
      const built = await builtFile(scratch, binary);
      await rename(built, join(folder, binary));
    }
  } catch (error) {
    if (error instanceof CommandError)
      throw new Error(`cannot build ${binaries.join(', ')}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Go names a binary after its package's last path element, which is not always the program's name. */
async function builtFile(scratch: string, binary: Binary): Promise<string> {
  const named = join(scratch, binary);
  if (await isExecutable(named)) return named;
  const parts = sourceOf(binary)
    .package.split('/')
    .filter((part) => !/^v\d+$/.test(part));
  return join(scratch, basename(parts.at(-1) ?? binary));
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
