import { readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { repositoryFolder } from '../paths.ts';
import { inputs, inputsDigest, type ImageTarget } from './inputs.ts';

const dockerfile = await readFile(repositoryFolder('Dockerfile'), 'utf8');
const ignored = await readFile(repositoryFolder('.dockerignore'), 'utf8');

interface Stage {
  readonly bases: readonly string[];
  readonly copied: readonly string[];
}

/** The lines with the defaults of their own build arguments put in. */
function withArguments(block: string): string {
  const defaults = new Map(
    [...block.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  return block.replace(/\$\{(\w+)\}/g, (whole, name: string) => defaults.get(name) ?? whole);
}

/** Stage -> the stages that it builds on, and what it copies from the checkout. */
function stagesOf(text: string): ReadonlyMap<string, Stage> {
  const stages = new Map<string, Stage>();
  for (const block of text
    .split(/^FROM /m)
    .slice(1)
    .map(withArguments)) {
    const [, base = '', name = ''] = /^(\S+)(?: AS (\S+))?/.exec(block) ?? [];
    const copies = [...block.matchAll(/^COPY (.*)$/gm)].map(([, rest = '']) => rest.split(' '));
    const from = copies.flatMap(([first = '']) => (first.startsWith('--from=') ? [first.slice(7)] : []));
    const copied = copies
      .filter(([first = '']) => !first.startsWith('--'))
      .flatMap((words) => words.slice(0, -1));
    stages.set(name, { bases: [base, ...from], copied });
  }
  return stages;
}

function copiedFor(target: string, stages = stagesOf(dockerfile)): ReadonlySet<string> {
  const stage = stages.get(target);
  if (stage === undefined) return new Set();
  return new Set([...stage.copied, ...stage.bases.flatMap((base) => Array.from(copiedFor(base, stages)))]);
}

describe.each<ImageTarget>(['operator', 'runtime', 'training'])("the %s image's inputs", (target) => {
  it('are what the Dockerfile copies for it', () => {
    const files = inputs[target].filter((path) => path !== 'Dockerfile' && path !== '.dockerignore');
    expect([...copiedFor(target)].sort()).toEqual([...files].sort());
  });

  it('pass .dockerignore', () => {
    for (const path of copiedFor(target)) expect(ignored.split('\n')).toContain(`!${path}`);
  });

  it('are there', async () => {
    for (const path of inputs[target]) await expect(stat(repositoryFolder(path))).resolves.toBeDefined();
  });

  it('have one digest as long as nothing changes', async () => {
    expect(await inputsDigest(target)).toBe(await inputsDigest(target));
  });
});

it('tells the images apart', async () => {
  expect(await inputsDigest('operator')).not.toBe(await inputsDigest('runtime'));
});
