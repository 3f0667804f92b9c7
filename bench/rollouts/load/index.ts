import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Samples, SteadyPlan } from './plan.ts';
import { Recording } from './recording.ts';

export type { SteadyPlan } from './plan.ts';
export { Recording, type Latency, type Span } from './recording.ts';

const CLIENT = fileURLToPath(new URL('main.ts', import.meta.url));
/** What is on its way may take so long to end after a stop. */
const STOP_WITHIN_MS = 60_000;

export interface RunningLoad {
  /** Stops it, and gives what became of each request. */
  stop(): Promise<Recording>;
}

/** Starts a steady load in a process of its own. */
export function startLoad(plan: SteadyPlan): RunningLoad {
  const child = spawn(process.execPath, [CLIENT, JSON.stringify(plan)], {
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
  });
  const killed = (): boolean => child.kill('SIGKILL');
  process.once('exit', killed);
  const report = new Promise<Recording>((resolve, reject) => {
    child.once('message', (samples) => resolve(new Recording(samples as Samples)));
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', killed);
      reject(new Error(`the load's process exited with ${code} and no report`));
    });
  });
  report.catch(() => undefined);
  return {
    stop: async () => {
      const timer = setTimeout(killed, STOP_WITHIN_MS);
      child.send('stop', () => undefined);
      return report.finally(() => clearTimeout(timer));
    },
  };
}
