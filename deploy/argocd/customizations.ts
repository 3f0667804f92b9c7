import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { API_GROUP } from '#contract/names.ts';

// `npm run argocd`: the Lua files beside this one as the ConfigMap that Argo CD reads.

const HEADER = '# Generated from deploy/argocd/lua by `npm run argocd`: change it there.\n';
const LUA = join(import.meta.dirname, 'lua');
export const CONFIG_MAP_FILE = join(import.meta.dirname, 'argocd-cm.yaml');

/** argocd-cm with nothing but Windlass's keys: apply it server-side, or patch your own with it. */
export async function configMap(): Promise<string> {
  const data: Record<string, string> = {};
  for (const kind of (await readdir(LUA)).sort()) {
    const scripts = await readScripts(join(LUA, kind));
    const { 'health.lua': health, 'discovery.lua': discovery, ...actions } = scripts;
    if (health !== undefined) data[`resource.customizations.health.${API_GROUP}_${kind}`] = health;
    if (discovery === undefined) continue;
    data[`resource.customizations.actions.${API_GROUP}_${kind}`] = yaml({
      'discovery.lua': discovery,
      definitions: Object.entries(actions).map(([file, script]) => ({
        name: file.replace(/\.lua$/, ''),
        'action.lua': script,
      })),
    });
  }
  return (
    HEADER +
    yaml({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'argocd-cm',
        labels: { 'app.kubernetes.io/name': 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd' },
      },
      data,
    })
  );
}

async function readScripts(folder: string): Promise<Readonly<Record<string, string>>> {
  const scripts: Record<string, string> = {};
  for (const file of (await readdir(folder)).sort())
    scripts[file] = await readFile(join(folder, file), 'utf8');
  return scripts;
}

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, blockQuote: 'literal' });

if (import.meta.main) await writeFile(CONFIG_MAP_FILE, await configMap());
