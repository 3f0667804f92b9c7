import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CONFIG_MAP_FILE, configMap } from './customizations.ts';

test('argocd-cm.yaml is what `npm run argocd` writes', async () => {
  expect(await readFile(CONFIG_MAP_FILE, 'utf8')).toBe(await configMap());
});
