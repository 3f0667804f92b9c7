import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

// What pages of docs/ show, so that tests can do it. A fence's words say what a block is: `offline` (run it), `exit=1`,
// `system=NAME` (that model's address is $URL), `bundle=PATH`, `file=NAME`; then `output` (of standard error), `answer`,
// `answer contains`, `result=NAME` are about what was run before.

export interface Block {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
  readonly line: number;
}

export function blocksOf(page: string): readonly Block[] {
  const fence = /^( *)```(\w+)(.*)\n([\s\S]*?)^\1```$/gm;
  return [...page.matchAll(fence)].map(
    ({ index, 1: indent = '', 2: language = '', 3: rest = '', 4: body = '' }) => ({
      language,
      words: rest.trim() === '' ? [] : rest.trim().split(/ +/),
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      line: page.slice(0, index).split('\n').length,
    }),
  );
}

export function wordOf({ words }: Block, name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a block as it stands, in a folder that is its home too. */
export async function runBlock(
  { text }: Block,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  // Without SHLVL bash may take itself for a remote shell, and read what is set up for one.
  const options = { cwd: folder, env: { SHLVL: '1', HOME: folder, ...env }, timeout: 60_000 };
  return promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', text], options).then(
    (done) => ({ code: 0, ...done }),
    (error: Ran) => error,
  );
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value;

/** What an answer lacks of the fields that a page shows, or has of another kind; undefined where it is as shown. */
export function shapeProblem(
  shown: unknown,
  given: unknown,
  contains: boolean,
  path = 'answer',
): string | undefined {
  if (kindOf(shown) !== kindOf(given)) return `${path} is ${JSON.stringify(given)?.slice(0, 200)}`;
  if (Array.isArray(shown)) {
    const rows = given as readonly unknown[];
    return shown
      .map((item, i) => shapeProblem(item, rows[i], contains, `${path}[${i}]`))
      .find((problem) => problem);
  }
  if (typeof shown !== 'object' || shown === null) return undefined;
  const fields = given as Readonly<Record<string, unknown>>;
  const missing = Object.keys(shown).filter((name) => !(name in fields));
  const more = contains ? [] : Object.keys(fields).filter((name) => !(name in shown));
  if (missing.length + more.length > 0)
    return `${path} lacks ${missing.join()} and has beside it ${more.join()}`;
  return Object.entries(shown)
    .map(([name, value]) => shapeProblem(value, fields[name], contains, `${path}.${name}`))
    .find((problem) => problem);
}
