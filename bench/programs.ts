import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const built = new Set<string>();

/** Path of a bundled program, as an image runs it; bundled from the sources of now when first asked for. */
export function program(name: 'operator' | 'runtime'): string {
  if (!built.has(name))
    execFileSync(process.execPath, ['build.ts', name], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  built.add(name);
  return join(ROOT, 'dist', name, 'main.mjs');
}
