import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { run } from '#test/cluster/command.ts';
import { CONFIG_MAP_FILE } from '../../deploy/argocd/customizations.ts';

export interface Health {
  readonly status: string;
  readonly message: string;
}

/** Argo CD's own tool over deploy/argocd/argocd-cm.yaml: the interpreter, the libraries and the limits that it has there. */
async function settings(command: string, object: object, ...args: readonly string[]): Promise<string> {
  const { argocd } = await build(['argocd']);
  const folder = await mkdtemp(join(tmpdir(), 'windlass-argocd-'));
  try {
    const file = join(folder, 'object.yaml');
    await writeFile(file, JSON.stringify(object));
    return await run(
      argocd,
      [
        'admin',
        'settings',
        'resource-overrides',
        command,
        file,
        ...args,
        '--argocd-cm-path',
        CONFIG_MAP_FILE,
      ],
      { env: { HOME: folder, ARGOCD_BINARY_NAME: 'argocd' } },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function healthOf(object: object): Promise<Health> {
  const text = await settings('health', object);
  const [, status = '', message = ''] = /^STATUS: (.*)\nMESSAGE: (.*)$/ms.exec(text.trimEnd()) ?? [];
  if (status === '') throw new Error(`argocd gave no health: ${text}`);
  return { status, message };
}

/** The actions that can be run now. */
export async function enabledActions(object: object): Promise<readonly string[]> {
  const [, ...rows] = (await settings('list-actions', object)).trim().split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/))
    .flatMap(([name = '', disabled]) => (disabled === 'false' ? [name] : []));
}

/** The object that an action creates. */
export async function created(object: object, action: string): Promise<unknown> {
  const text = await settings('run-action', object, action);
  const [, yaml] = text.split('Following resource was created:');
  if (yaml === undefined) throw new Error(`${action} created nothing: ${text}`);
  return parse(yaml);
}

/** The lines that an action adds to the object and takes from it, as `+ line` and `- line`. */
export async function changed(object: object, action: string): Promise<readonly string[]> {
  const text = await settings('run-action', object, action);
  return text.split('\n').flatMap((line) => {
    const [, sign, content] = /^(?:\d[^<>]*)?([<>]) (.*)$/.exec(line) ?? [];
    return sign === undefined ? [] : [`${sign === '<' ? '-' : '+'} ${content?.trim()}`];
  });
}
