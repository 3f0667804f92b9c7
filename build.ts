/** Bundles each program into one ESM file under dist/. Native addons cannot be bundled: onnxruntime-node stays outside. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { build } from 'esbuild';

const PROGRAMS = {
  operator: 'operator/main.ts',
  runtime: 'runtime/main.ts',
  'kubectl-windlass': 'cli/main.ts',
} as const;

/** CommonJS packages inside an ES module still call these. */
const COMMONJS_GLOBALS = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __pathDirname } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  'const __dirname = __pathDirname(__filename);',
].join('\n');

const wanted = process.argv.slice(2);

for (const [name, source] of Object.entries(PROGRAMS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (!existsSync(source)) {
    console.error(`${source} does not exist: dist/${name}.mjs is not built`);
    process.exitCode = 1;
    continue;
  }
  const outfile = `dist/${name}.mjs`;
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['onnxruntime-node'],
    banner: { js: COMMONJS_GLOBALS },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const { size } = await stat(outfile);
  console.log(`${outfile}: ${(size / 1024 / 1024).toFixed(1)} MiB`);
}
