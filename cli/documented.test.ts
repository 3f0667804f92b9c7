import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from './examples.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { createProgram } from './program.ts';

const ROOT = join(import.meta.dirname, '..');
const page = await readFile(join(ROOT, 'docs', 'cli.md'), 'utf8');

const nothing = (): void => undefined;
const program = createProgram(
  {
    out: nothing,
    err: nothing,
    stdout: {},
    stdin: process.stdin,
    env: {},
    now: () => new Date(0),
    signal: new AbortController().signal,
  },
  nothing,
);
const visible = (command: Command): boolean => !['help', '__complete'].includes(command.name());
const commands = program.commands.filter(visible).map((command) => ({ name: command.name(), command }));

/** Heading and text of each part of the page. */
const sections = page.split(/^##+ /m).map((text) => {
  const [heading = ''] = text.split('\n', 1);
  return { heading, text: text.slice(heading.length) };
});
const common = sections.find(({ heading }) => heading === 'Commands')?.text ?? '';
const sectionOf = (name: string): string =>
  sections
    .filter(
      ({ heading }) =>
        heading
          .toLowerCase()
          .match(/[a-z]+/g)
          ?.includes(name) === true,
    )
    .map(({ text }) => text)
    .join('');
const flagsOf = ({ long, short }: Option): readonly string[] =>
  [long, short].filter((flag) => flag !== undefined);
/** The page says a flag by either of its names, whole. */
const says = (text: string, flag: string): boolean => new RegExp(`${flag}(?![\\w-])`).test(text);

describe('docs/cli.md', () => {
  it('has a row for each command and for no other, with what it prints', () => {
    const rows = [...common.matchAll(/^\| `([a-z]+)[^`]*` +\|.*\| (?:`([a-z ]+)`)? +\|$/gm)];
    const formats = ({ command }: { readonly command: Command }): string =>
      command.options
        .find(({ long, argChoices }) => long === '--output' && argChoices !== undefined)
        ?.argChoices?.join(' ') ?? '';
    const documented = new Map(rows.map(([, name = '', output = '']) => [name, output]));
    expect(documented.size).toBe(rows.length);
    expect(documented).toEqual(new Map(commands.map((each) => [each.name, formats(each)])));
  });

  it.each(commands)('has a section for $name that says each of its options', ({ name, command }) => {
    const section = sectionOf(name);
    expect(section.trim()).not.toBe('');
    const missing = command.options.filter(
      (option) => !flagsOf(option).some((flag) => says(section, flag) || says(common, flag)),
    );
    expect(missing.map(({ flags }) => flags)).toEqual([]);
  });

  it('lists the exit codes that --help lists', () => {
    const listed = [...page.matchAll(/^\| (\d) +\|/gm)].map(([, code]) => Number(code));
    const helped = [...EXIT_HELP.matchAll(/^ {2}(\d) /gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(helped);
    const own = Object.values(EXIT).filter((code) => code !== EXIT.interrupted);
    expect(new Set<number>(own)).toEqual(new Set(listed));
  });
});

/** What is wrong with a command line that somebody may copy; undefined: nothing. */
function problemOf(words: string): string | undefined {
  const [name = ''] = words.split(' ', 1);
  const command = commands.find((each) => each.name === name)?.command;
  if (command === undefined) return `there is no command ${name}: ${words}`;
  const known = [...command.options, ...program.options].flatMap(flagsOf);
  const unknown = words
    .replaceAll(/'[^']*'/g, '')
    .split(' ')
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.replace(/=.*$/, ''))
    .filter((flag) => ![...known, '--help', '-h'].includes(flag));
  return unknown.length === 0 ? undefined : `${name} has no ${unknown.join(', ')}: ${words}`;
}

/** `kubectl windlass ...` as it stands in a text, up to a comment, a pipe or the end of the line. */
const commandLines = (text: string): readonly string[] =>
  [...text.matchAll(/kubectl windlass ((?:[a-z]+)(?: [^|#;&>`\n]*)?)/g)].map(([, words = '']) =>
    words.trim(),
  );

describe('every command line', () => {
  it('of the pages is one that the plugin has', async () => {
    const pages = [
      'README.md',
      ...(await readdir(join(ROOT, 'docs'), { recursive: true })).map((name) => `docs/${name}`),
    ];
    const problems: string[] = [];
    let lines = 0;
    for (const path of pages.filter((each) => each.endsWith('.md'))) {
      for (const words of commandLines(await readFile(join(ROOT, path), 'utf8'))) {
        lines += 1;
        const problem = problemOf(words);
        if (problem !== undefined) problems.push(`${path}: ${problem}`);
      }
    }
    expect(problems).toEqual([]);
    expect(lines).toBeGreaterThan(100);
  });

  it('of --help is one that the plugin has', () => {
    const problems = Object.values(EXAMPLES)
      .flatMap(commandLines)
      .flatMap((words) => problemOf(words) ?? []);
    expect(problems).toEqual([]);
  });

  it('that it has not is found out', () => {
    expect(problemOf('restart bankchurn')).toMatch(/no command restart/);
    expect(problemOf('undo bankchurn --full -n churn')).toMatch(/undo has no --full/);
  });
});
