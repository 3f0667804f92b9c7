import { execFile } from 'node:child_process';
import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { createProgram } from '#cli/program.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { colourBundle, plain, png } from '#runtime/image/test-pictures.ts';
import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { RESPONSES, systemBundle, type TabularSystem } from '#test/support/systems.ts';

// Every command of docs/migrating that asks no cluster is run as it stands, and its answer compared with the page's.
// A fence's words say how: `offline`, `exit=1`, `system=NAME` (its server's address is $URL), `bundle=PATH`, `file=NAME`;
// then `output` (of standard error), `answer`, `answer contains`, `result=NAME` are about what was run before.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = join(ROOT, 'docs', 'migrating');
const SYSTEMS = [
  'bankchurn',
  'carvision',
  'telecom',
  'creditrisk',
] as const satisfies readonly TabularSystem[];

interface Block {
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
  readonly line: number;
}

function blocksOf(page: string): readonly Block[] {
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

const valueOf = ({ words }: Block, name: string): string | undefined =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);

const pages = await Promise.all(
  (await readdir(PAGES)).toSorted().map(async (name) => {
    const text = await readFile(join(PAGES, name), 'utf8');
    return { name, text, blocks: blocksOf(text) };
  }),
);

const servers = new Map<string, TestServer>();
const folders: Folder[] = [];
/** Where a page's commands run. */
let workplace: Folder;

beforeAll(async () => {
  const plant = colourBundle({}, { labels: ['Healthy', 'Powdery', 'Rust'], response: RESPONSES.plant });
  const bundles = [...SYSTEMS.map((name) => [name, systemBundle(name)] as const), ['plant', plant] as const];
  for (const [name, files] of bundles) {
    const folder = await Folder.create(files);
    folders.push(folder);
    servers.set(name, await startServer(folder.path));
  }
});
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
  for (const folder of folders) await folder[Symbol.asyncDispose]();
});

async function openWorkplace(): Promise<void> {
  workplace = await Folder.create(new Map([['leaf.png', png(plain(40, 30, [20, 200, 30]))]]));
  folders.push(workplace);
  // The plugin as kubectl would start it; whatever else is asked of kubectl needs a cluster, and fails.
  const plugin = `#!/bin/sh\n[ "$1" = windlass ] && shift && exec "${process.execPath}" "${ROOT}/cli/main.ts" "$@"\nexit 99\n`;
  await chmod(await workplace.write('bin/kubectl', plugin), 0o755);
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(block: Block): Promise<Ran> {
  const bundle = valueOf(block, 'bundle');
  for (const [path, bytes] of bundle === undefined ? [] : systemBundle('bankchurn')) {
    await workplace.write(join(bundle ?? '', path), bytes);
  }
  const system = valueOf(block, 'system');
  const env = {
    // Without it bash may take itself for a remote shell, and read what is set up for one.
    SHLVL: '1',
    PATH: `${join(workplace.path, 'bin')}:${process.env['PATH']}`,
    HOME: workplace.path,
    ...(system === undefined ? {} : { URL: servers.get(system)?.url ?? expect.unreachable(system) }),
  };
  const options = { cwd: workplace.path, env, timeout: 60_000 };
  return promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', block.text], options).then(
    (done) => ({ code: 0, ...done }),
    (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => error,
  );
}

/** Whether an answer has the fields that the page shows, each of the same kind. */
function shapeProblem(
  shown: unknown,
  given: unknown,
  contains: boolean,
  path = 'answer',
): string | undefined {
  if (Array.isArray(shown) && Array.isArray(given)) {
    return shown
      .map((item, i) => shapeProblem(item, given[i], contains, `${path}[${i}]`))
      .find((problem) => problem);
  }
  if (typeof shown !== 'object' || shown === null || typeof given !== 'object' || given === null) {
    return typeof shown === typeof given ? undefined : `${path} is ${JSON.stringify(given)?.slice(0, 200)}`;
  }
  const missing = Object.keys(shown).filter((name) => !(name in given));
  const more = contains ? [] : Object.keys(given).filter((name) => !(name in shown));
  if (missing.length + more.length > 0)
    return `${path} lacks ${missing.join()} and has beside it ${more.join()}`;
  return Object.entries(shown)
    .map(([name, value]) =>
      shapeProblem(value, (given as Record<string, unknown>)[name], contains, `${path}.${name}`),
    )
    .find((problem) => problem);
}

describe.each(pages)('docs/migrating/$name', ({ name, text, blocks }) => {
  test('does on this machine what it says', async () => {
    await openWorkplace();
    let last: Ran = { code: 0, stdout: '', stderr: '' };
    for (const block of blocks) {
      const at = `${name}:${block.line}`;
      const file = valueOf(block, 'file');
      if (file !== undefined) await writeFile(join(workplace.path, file), block.text);
      if (block.words.includes('offline')) {
        last = await run(block);
        expect([at, last.code, last.stderr]).toEqual([at, Number(valueOf(block, 'exit') ?? 0), last.stderr]);
      }
      if (block.words.includes('output')) {
        for (const line of block.text.trimEnd().split('\n'))
          expect([at, last.stderr]).toEqual([at, expect.stringContaining(line)]);
      }
      if (block.words.includes('answer')) {
        const contains = block.words.includes('contains');
        const problem = shapeProblem(JSON.parse(block.text), JSON.parse(last.stdout), contains);
        expect([at, problem]).toEqual([at, undefined]);
      }
      const result = valueOf(block, 'result');
      if (result !== undefined) {
        const written: unknown = parse(await readFile(join(workplace.path, result), 'utf8'));
        expect([at, written]).toEqual([at, parse(block.text)]);
      }
    }
  });

  test('shows ModelDeployments that are valid', () => {
    const shown = blocks
      .filter(({ language }) => language === 'yaml')
      .flatMap((block) => parseAllDocuments(block.text).map((document): unknown => document.toJS()))
      .filter((object) => (object as { readonly kind?: string }).kind === 'ModelDeployment');
    for (const object of shown) {
      const { spec } = object as { readonly spec: unknown };
      expect(modelDeploymentSpecSchema.safeParse(spec).error).toBeUndefined();
    }
  });

  test('names commands and options of the plugin that there are', () => {
    const program = createProgram({ out: () => undefined, err: () => undefined } as never, () => undefined);
    const known = new Map(
      program.commands.map((command) => [
        command.name(),
        [...command.options, ...program.options].flatMap(({ short, long }) => [short, long]),
      ]),
    );
    const commands = blocks.filter(({ language }) => language === 'sh').map((block) => block.text);
    const asked = [...commands.join('\n').matchAll(/kubectl windlass ([a-z]+)([^|\n]*)/g)];
    expect(asked.length).toBeGreaterThan(0);
    for (const [whole, command = '', rest = ''] of asked) {
      const options = [...rest.replaceAll(/'[^']*'/g, '').matchAll(/(?<= )--?[a-z][a-z-]*/g)].map(
        ([option]) => option,
      );
      expect([whole, options.filter((option) => known.get(command)?.includes(option) !== true)]).toEqual([
        whole,
        [],
      ]);
    }
  });

  test('links to pages that there are', async () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    for (const link of links) await expect(readFile(join(PAGES, link))).resolves.toBeDefined();
  });
});
