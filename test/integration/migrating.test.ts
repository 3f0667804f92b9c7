import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { createProgram } from '#cli/program.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { Folder } from '#runtime/testing.ts';
import { blocksOf, runBlock, wordOf, type Block, type Ran } from '#test/support/documented.ts';
import { systemBundle } from '#test/support/systems.ts';

// Every command of docs/migrating that asks neither a cluster nor a model is run as it stands, and what it says compared
// with the page. Those that ask a model (`system=NAME`) ask one that was trained: systems.test.ts.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = join(ROOT, 'docs', 'migrating');

const pages = await Promise.all(
  (await readdir(PAGES)).toSorted().map(async (name) => {
    const text = await readFile(join(PAGES, name), 'utf8');
    return { name, text, blocks: blocksOf(text) };
  }),
);

const folders: Folder[] = [];
/** Where a page's commands run. */
let workplace: Folder;

afterAll(async () => {
  for (const folder of folders) await folder[Symbol.asyncDispose]();
});

async function openWorkplace(): Promise<void> {
  workplace = await Folder.create();
  folders.push(workplace);
  // The plugin as kubectl would start it; whatever else is asked of kubectl needs a cluster, and fails.
  const plugin = `#!/bin/sh\n[ "$1" = windlass ] && shift && exec "${process.execPath}" "${ROOT}/cli/main.ts" "$@"\nexit 99\n`;
  await chmod(await workplace.write('bin/kubectl', plugin), 0o755);
}

async function run(block: Block): Promise<Ran> {
  const bundle = wordOf(block, 'bundle');
  for (const [path, bytes] of bundle === undefined ? [] : systemBundle('bankchurn')) {
    await workplace.write(join(bundle ?? '', path), bytes);
  }
  return runBlock(block, workplace.path, { PATH: `${join(workplace.path, 'bin')}:${process.env['PATH']}` });
}

describe.each(pages)('docs/migrating/$name', ({ name, text, blocks }) => {
  test('does on this machine what it says', async () => {
    await openWorkplace();
    let last: Ran = { code: 0, stdout: '', stderr: '' };
    for (const block of blocks) {
      const at = `${name}:${block.line}`;
      const file = wordOf(block, 'file');
      if (file !== undefined) await writeFile(join(workplace.path, file), block.text);
      if (block.words.includes('offline') && wordOf(block, 'system') === undefined) {
        last = await run(block);
        expect([at, last.code, last.stderr]).toEqual([at, Number(wordOf(block, 'exit') ?? 0), last.stderr]);
      }
      if (block.words.includes('output')) {
        for (const line of block.text.trimEnd().split('\n'))
          expect([at, last.stderr]).toEqual([at, expect.stringContaining(line)]);
      }
      const result = wordOf(block, 'result');
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
