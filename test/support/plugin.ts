import { spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

export interface PluginOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs kubectl-windlass as a user would, in a process of its own. */
export async function runPlugin(
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly onOutput?: (out: string) => void;
    /** Aborting it is Ctrl-C. */
    readonly signal?: AbortSignal;
  } = {},
): Promise<PluginOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...options.env } });
    options.signal?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      options.onOutput?.(out);
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end();
  });
}
