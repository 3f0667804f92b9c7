import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { modules, sourceOf, type Binary, type ComponentModule, type ModuleName } from './components.ts';
import { sourceFolder } from './paths.ts';

const goModOf = (module: string): Promise<string> =>
  readFile(sourceFolder('components', module, 'go.mod'), 'utf8');

const all = Object.entries(modules) as [ModuleName, ComponentModule][];

it.each(all)('the module %s has a tool line for each of its binaries', async (module, { binaries }) => {
  const text = await goModOf(module);
  for (const source of Object.values(binaries))
    if (source !== '.') expect(text).toMatch(new RegExp(`\\b${source}\\n`));
});

it.each(all)(
  'the version that %s is told to report is the one that is built',
  async (module, { linkerFlags }) => {
    const text = await goModOf(module);
    for (const flag of linkerFlags) {
      const version = /=v?(\d+\.[\d.]+)$/.exec(flag)?.[1];
      if (version !== undefined)
        expect(text).toMatch(new RegExp(`^\\t?(require )?${moduleOf(module)} v${version}\\b`, 'm'));
    }
  },
);

function moduleOf(module: ModuleName): string {
  const [first = ''] = Object.values<string>(modules[module].binaries);
  return first.replace(/\/cmd(\/.*)?$/, '');
}

it('finds the module of each binary', () => {
  for (const [module, { binaries }] of all) {
    for (const binary of Object.keys(binaries)) expect(sourceOf(binary as Binary).module).toBe(module);
  }
});
