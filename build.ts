/**
 * Bundles each program under dist/: servers as <name>/main.mjs with chunks beside it, so that what is imported late costs
 * no memory before; the plugin as one file. Native addons cannot be bundled: onnxruntime-node, sharp and koffi stay outside.
 */
import { existsSync } from 'node:fs';
import { cp, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

interface Program {
  readonly source: string;
  readonly file: string;
  /** Further entry points beside the program: name -> source. */
  readonly workers?: Readonly<Record<string, string>>;
  /** Copied beside the program as they are, for what is read at run time. */
  readonly folders?: readonly string[];
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  operator: { source: 'operator/main.ts', file: 'operator/main.mjs' },
  runtime: {
    source: 'runtime/main.ts',
    file: 'runtime/main.mjs',
    // Programs of worker threads, which are started by file name.
    workers: {
      'engine-worker': 'runtime/engine/worker.ts',
      'picture-worker': 'runtime/image/picture-worker.ts',
    },
    folders: ['runtime/pages/browser'],
  },
  'kubectl-windlass': { source: 'cli/main.ts', file: 'kubectl-windlass.mjs' },
};

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

for (const [name, { source, file, workers = {}, folders = [] }] of Object.entries(PROGRAMS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (!existsSync(source)) {
    console.error(`${source} does not exist: dist/${file} is not built`);
    process.exitCode = 1;
    continue;
  }
  const outfile = join('dist', file);
  const folder = dirname(outfile);
  const splitting = folder !== 'dist';
  if (splitting) await rm(folder, { recursive: true, force: true });
  await build({
    entryPoints: splitting ? { main: source, ...workers } : [source],
    ...(splitting ? { outdir: folder, splitting, outExtension: { '.js': '.mjs' } } : { outfile }),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['onnxruntime-node', 'sharp', 'koffi'],
    banner: { js: COMMONJS_GLOBALS },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const each of folders) await cp(each, join(folder, basename(each)), { recursive: true });
  const files = splitting ? (await readdir(folder)).map((each) => join(folder, each)) : [outfile];
  const sizes = await Promise.all(files.map(async (each) => (await stat(each)).size));
  const size = sizes.reduce((sum, each) => sum + each, 0);
  console.log(`${outfile}: ${(size / 1024 / 1024).toFixed(1)} MiB in ${sizes.length} files`);
}
