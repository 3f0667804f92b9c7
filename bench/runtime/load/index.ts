import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadReport } from './plan.ts';

export type { LoadPlan, LoadReport, Latency, Pace } from './plan.ts';
export {
  writeWorkload,
  type AnswerShape,
  type PlannedRequest,
  type Workload,
  type WorkloadFiles,
} from './workload.ts';

const CLIENT = fileURLToPath(new URL('main.ts', import.meta.url));

/** Runs a load in a process of its own on the core `core`. */
export function runLoad(plan: LoadPlan, core: number): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', ['-c', String(core), process.execPath, CLIENT, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 2],
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`the load's process exited with ${code}`));
      resolve(JSON.parse(output) as LoadReport);
    });
  });
}

/** Throws unless every answer was right. */
export function assertRight(report: LoadReport, what: string): void {
  const [failure] = Object.entries(report.failures);
  if (failure !== undefined)
    throw new Error(`${what}: ${failure[0]} (${failure[1]} times, ${report.answers} answers)`);
  if (report.answers === 0 || report.checked === 0) throw new Error(`${what}: no answer came`);
}
