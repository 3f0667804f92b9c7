import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Log } from '#operator/logging.ts';
import { createNotifier, notifySettings } from './settings.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-notify-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const ignore = (): void => undefined;
const log: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function start(template: string): Promise<unknown> {
  const settings = notifySettings('https://hooks.example.com/SECRET', template, 'undone');
  if (settings === undefined) throw new Error('there is a URL');
  return createNotifier(settings, log, ignore);
}

async function file(content: string): Promise<string> {
  const path = join(folder, 'template.json');
  await writeFile(path, content);
  return path;
}

it('a template comes with the operator, or from a file', async () => {
  for (const name of ['json', 'slack', 'teams']) await expect(start(name)).resolves.toBeDefined();
  await expect(start(await file('{"summary": "{{kind}} {{name}}"}'))).resolves.toBeDefined();
});

it('a template that cannot be used ends the start, and says which and why, without the URL', async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['/nonexistent/template.json', /"\/nonexistent\/template\.json": ENOENT/],
    ['slak', /"slak": ENOENT.*json, slack and teams need no file/],
    [
      await file('{"summary": "{{nmae}}"}'),
      /template\.json": the template names \{\{nmae\}\}, which is no field/,
    ],
  ];
  for (const [template, message] of wrong) {
    await expect(start(template)).rejects.toThrow(message);
    await expect(start(template)).rejects.not.toThrow(/SECRET/);
  }
});
