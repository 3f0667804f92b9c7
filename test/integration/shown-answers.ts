import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '#contract/model-manifest.ts';
import { plain, png } from '#runtime/image/test-pictures.ts';
import type { Folder } from '#runtime/testing.ts';
import { blocksOf, runBlock, shapeProblem, wordOf, type Ran } from '#test/support/documented.ts';

// What the pages and the examples send to a model, and show of its answers, held to a model that was trained.

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = join(ROOT, 'docs', 'migrating');

type Json = Readonly<Record<string, unknown>>;

export interface Asked {
  /** How many requests there were. */
  readonly requests: number;
  /** What is wrong with them, or with what is shown of their answers, and where. */
  readonly problems: readonly string[];
}

/** Sends what docs/migrating sends to this system, one page after another. */
export async function askAsPagesDo(
  system: string,
  { url, manifest, folder }: { readonly url: string; readonly manifest: Manifest; readonly folder: Folder },
): Promise<Asked> {
  await folder.write('leaf.png', png(plain(40, 30, [20, 200, 30])));
  const problems: string[] = [];
  let requests = 0;
  for (const page of (await readdir(PAGES)).toSorted()) {
    let last: Ran | undefined;
    for (const block of blocksOf(await readFile(join(PAGES, page), 'utf8'))) {
      const file = wordOf(block, 'file');
      if (file !== undefined) await folder.write(file, block.text);
      if (block.words.includes('offline')) {
        const asked = wordOf(block, 'system') === system;
        last = asked
          ? await runBlock(block, folder.path, { URL: url, PATH: process.env['PATH'] ?? '' })
          : undefined;
        requests += asked ? 1 : 0;
      }
      if (last === undefined || !block.words.includes('answer')) continue;
      const shown = JSON.parse(block.text) as Json;
      const contains = block.words.includes('contains');
      const found = [
        shapeProblem(shown, JSON.parse(last.stdout), contains),
        ...contradictions(shown, JSON.parse(last.stdout) as Json, manifest),
      ].filter((problem) => problem !== undefined);
      problems.push(...found.map((problem) => `${page}:${block.line}: ${problem}`));
    }
  }
  return { requests, problems };
}

/** The bodies that the comments of a system's example give to `kubectl windlass predict`. */
export async function requestsOfExample(system: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'deploy', 'examples', `${system}.yaml`), 'utf8');
  // A row may go on in the next line of the comment.
  const comments = text.replaceAll(/\n# */g, ' ');
  return [...comments.matchAll(/kubectl windlass predict \S+ -n models -d '([^']*)'/g)].map(
    ([, body = '']) => body,
  );
}

/** What a page shows and this model could not say. Numbers differ with the data that it was trained on; rules do not. */
function contradictions(shown: Json, given: Json, manifest: Manifest): readonly string[] {
  const rows = shown[manifest.response?.batch?.predictions ?? 'predictions'];
  const answers = Array.isArray(rows) ? (rows as readonly Json[]) : [shown];
  const told = ['feature_count', 'model_name', 'feature_names'].filter((name) => name in shown);
  return [
    ...answers.flatMap((answer) => decisionProblems(answer, manifest)),
    ...told
      .filter((name) => !begins(given[name], shown[name]))
      .map((name) => `${name} is ${JSON.stringify(given[name])}, not ${JSON.stringify(shown[name])}`),
  ];
}

/** A list is shown by its first items. */
function begins(given: unknown, shown: unknown): boolean {
  const part = Array.isArray(shown) && Array.isArray(given) ? given.slice(0, shown.length) : given;
  return JSON.stringify(part) === JSON.stringify(shown);
}

function decisionProblems(answer: Json, { decision, response }: Manifest): readonly string[] {
  const fields = Object.entries(response?.predict ?? {});
  const named = (from: string): string | undefined => fields.find(([, source]) => source.from === from)?.[0];
  const shown = (from: string): unknown => answer[named(from) ?? ''];
  const probability = shown('probability');
  if (typeof probability !== 'number') return [];
  const expected: Json = {
    prediction: probability >= (decision?.threshold ?? 0.5) ? 1 : 0,
    band: decision?.bands?.find(({ below }) => below === undefined || probability < below)?.label,
    confidence: Math.round(Math.abs(probability - 0.5) * 200) / 100,
  };
  return Object.entries(expected).flatMap(([from, value]) =>
    named(from) === undefined || shown(from) === value
      ? []
      : [`${named(from)} of ${probability} is ${JSON.stringify(value)}, not ${JSON.stringify(shown(from))}`],
  );
}
