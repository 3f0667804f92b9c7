import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** How often a core takes its time away from a program that wants nothing else. */
export interface Pauses {
  /** Share of the time that went by in pauses of more than 1 ms. */
  readonly share: number;
  readonly longestMs: number;
}

const SPIN = `
let last = performance.now();
const end = last + Number(process.argv[1]) * 1000;
let lost = 0;
let longest = 0;
while (last < end) {
  const now = performance.now();
  const gap = now - last;
  if (gap > 1) lost += gap;
  if (gap > longest) longest = gap;
  last = now;
}
console.log(JSON.stringify({ lost, longest }));
`;

/** What no server on this core can be better than: others on the machine, and the machine below it, interrupt each. */
export async function pausesOf(core: number, seconds: number): Promise<Pauses> {
  const args = ['-c', String(core), process.execPath, '--eval', SPIN, '--', String(seconds)];
  const { stdout } = await promisify(execFile)('taskset', args);
  const { lost, longest } = JSON.parse(stdout) as { readonly lost: number; readonly longest: number };
  return { share: lost / (seconds * 1000), longestMs: longest };
}
