import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '#test/cluster/build.ts';
import { attempt } from '#test/cluster/command.ts';
import { startControlPlane, type ControlPlane } from '#test/cluster/control-plane.ts';

// Every command of the five day-to-day runbooks is typed as it stands: kubectl's against a real API server that has the
// CRDs and the examples, the plugin's against the same, and those of training as far as their arguments go; those of the
// page with the most steps are run. Nothing runs behind the API server, so waiting ends after a second, and what needs a
// revision says that there is none.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = join(ROOT, 'docs', 'runbooks', 'systems');
const PYTHON = join(ROOT, 'training', '.venv', 'bin', 'python');
const PARSE = 'import sys; from windlass_training.cli import parser; parser().parse_args(sys.argv[1:])';
/** Runs command lines one after another, in one process: most of a short one's time goes into imports. */
const RUN = [
  'import json, sys',
  'from windlass_training.cli import parser',
  'for line in json.loads(sys.argv[1]):',
  '    options = parser().parse_args(line)',
  '    options.run(options)',
].join('\n');
/** A registry of models is a server, and a store is: other tests have them. */
const ELSEWHERE = new Set(['register', 'promote', 'push']);
/** Of `tune`: a search that is over soon, whose result `train` goes on with. */
const SMALL = '[model.forest]\ntrees = 10\n\n[cross_validation]\nrepeats = 2\n';
const BRIEFLY: Readonly<Record<string, readonly string[]>> = {
  tune: ['--config', 'small.toml', '--trials', '1'],
  // The gates are about real data.
  train: ['--no-gate'],
};
/** What commander says of a command line that it does not understand. */
const MISUSE = /unknown (option|command)|too many arguments|missing required argument|argument missing/;

let plane: ControlPlane;
let bin: string;

beforeAll(async () => {
  plane = await startControlPlane();
  await plane.installCrds();
  await attempt(join(ROOT, 'training', 'setup.sh'), [], { timeout: 600_000 });
  bin = await mkdtemp(join(tmpdir(), 'windlass-runbooks-'));
  const { kubectl } = await build(['kubectl']);
  await command('kubectl', [
    `[ "$1" = windlass ] && shift && exec "${process.execPath}" "${ROOT}/cli/main.ts" "$@"`,
    `[ "$1" = wait ] && exec "${kubectl}" "$@" --timeout=1s`,
    `exec "${kubectl}" "$@"`,
  ]);
  await command('windlass-train', [`exec "${PYTHON}" -c '${PARSE}' "$@"`]);
}, 900_000);
afterAll(async () => {
  await plane?.stop();
  if (bin !== undefined) await rm(bin, { recursive: true, force: true });
});

async function command(name: string, lines: readonly string[]): Promise<void> {
  await mkdir(bin, { recursive: true });
  const file = join(bin, name);
  await writeFile(file, `#!/bin/sh\n${lines.join('\n')}\n`);
  await chmod(file, 0o755);
}

function commandsOf(page: string): readonly string[] {
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, body = '']) => body.trim().split('\n'));
}

/** What is wrong with a command; undefined where it did what can be done here. */
async function problemOf(line: string): Promise<string | undefined> {
  const env = { PATH: `${bin}:${process.env['PATH']}`, KUBECONFIG: plane.kubeconfig, SHLVL: '1' };
  const { code, stderr } = await attempt('bash', ['--norc', '-c', line], { cwd: ROOT, env });
  const said = `${line}: exit code ${code}: ${stderr.trim()}`;
  if (line.startsWith('kubectl windlass ')) return MISUSE.test(stderr) ? said : undefined;
  if (line.startsWith('kubectl wait ')) return stderr.includes('timed out waiting') ? undefined : said;
  // Nobody made the undo that the page takes back.
  if (line.startsWith('kubectl delete ') && stderr.includes('(NotFound)')) return undefined;
  return code === 0 ? undefined : said;
}

const names = (await readdir(PAGES)).toSorted();

describe.each(names)('docs/runbooks/systems/%s', (name) => {
  test('has commands, and each is one that can be typed', async () => {
    const page = await readFile(join(PAGES, name), 'utf8');
    const commands = commandsOf(page);
    expect(commands.length).toBeGreaterThan(5);
    const problems: string[] = [];
    for (const line of commands) {
      const problem = await problemOf(line);
      if (problem !== undefined) problems.push(problem);
    }
    expect(problems).toEqual([]);
  }, 120_000);

  test('links to pages that there are', async () => {
    const page = await readFile(join(PAGES, name), 'utf8');
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    for (const link of links) await expect(readFile(join(PAGES, link))).resolves.toBeDefined();
  });
});

test('training, tuning and judging the credit model go on with each other’s files', async () => {
  const page = await readFile(join(PAGES, 'creditrisk.md'), 'utf8');
  const lines = commandsOf(page)
    .filter((line) => line.startsWith('windlass-train '))
    .map((line) => line.split(' ').slice(1))
    .filter(([command = '']) => !ELSEWHERE.has(command))
    .map((line) => line.concat(BRIEFLY[line[0] ?? ''] ?? []));
  expect(lines.map(([command]) => command)).toEqual([
    'validate-data',
    'tune',
    'train',
    'evaluate',
    'drift-report',
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'windlass-runbooks-training-'));
  try {
    await writeFile(join(folder, 'small.toml'), SMALL);
    const generate = ['generate', 'creditrisk', '--rows', '1000', '--out', 'accepted.csv'];
    const all = JSON.stringify([generate, ...lines]);
    const { code, stderr } = await attempt(PYTHON, ['-c', RUN, all], { cwd: folder, timeout: 240_000 });
    expect({ code, said: code === 0 ? '' : stderr }).toEqual({ code: 0, said: '' });
    const tuned = await readFile(join(folder, 'build', 'tuned', 'best.toml'), 'utf8');
    expect(tuned).toMatch(/trees = 10/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 300_000);
