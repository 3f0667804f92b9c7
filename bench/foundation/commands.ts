import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure, Measurement } from '../figure.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What the README's two commands cost a newcomer: a fresh clone, with a cache of its own that begins empty. What a
 * package manager keeps of itself (npm, Go modules, pip) is emptied as well.
 */
export function commands(): readonly Figure[] {
  return [
    { name: 'make demo, cold', goal: { atMost: 15, unit: 'min' }, measure: () => cold('demo') },
    { name: 'make demo, warm', goal: { atMost: 3, unit: 'min' }, measure: warmDemo },
    { name: 'make test, cold', goal: { atMost: 45, unit: 'min' }, measure: () => cold('test') },
  ];
}

async function cold(target: string): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-cold-'));
  const clone = join(folder, 'windlass');
  const environment = {
    XDG_CACHE_HOME: join(folder, 'cache'),
    WINDLASS_CACHE: join(folder, 'cache', 'windlass'),
    GOCACHE: join(folder, 'go-build'),
    GOMODCACHE: join(folder, 'go-modules'),
    GOFLAGS: '-modcacherw',
    npm_config_cache: join(folder, 'npm'),
    PIP_NO_CACHE_DIR: '1',
  };
  try {
    await command(['make', 'cluster-down'], CHECKOUT, {});
    await command(['git', 'clone', '--quiet', CHECKOUT, clone], folder, {});
    const seconds = await command(['make', target], clone, environment);
    await command(['make', 'cluster-down'], clone, environment);
    return { value: seconds / 60 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The second of two runs in this checkout, each from no cluster. */
async function warmDemo(): Promise<Measurement> {
  await command(['make', 'demo'], CHECKOUT, {});
  await command(['make', 'cluster-down'], CHECKOUT, {});
  const seconds = await command(['make', 'demo'], CHECKOUT, {});
  await command(['make', 'cluster-down'], CHECKOUT, {});
  return { value: seconds / 60 };
}

/** Runs a command, its output on our standard error, and returns the seconds that it took. */
function command(
  [file = '', ...args]: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv,
): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 2, 2],
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve((performance.now() - start) / 1000);
      else reject(new Error(`${file} ${args.join(' ')} exited with ${code}`));
    });
  });
}
