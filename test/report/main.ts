import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countStage, stages } from './stages.ts';
import type { Stage } from './stages.ts';
import { exitCode, summary } from './summary.ts';
import type { Outcome } from './summary.ts';

// `node test/report/main.ts [STAGE...]`: runs the stages of `make test`, all of them even when one fails, and prints
// what they came to. The last line is the plain count; it is also written to .cache/report/summary.txt.

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, '.cache', 'report');

process.chdir(ROOT);
process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const all = stages(FOLDER);
  const unknown = wanted.filter((name) => !all.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    console.error(
      `there is no stage ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`,
    );
    return 2;
  }
  await mkdir(FOLDER, { recursive: true });
  const environment = await testEnvironment();
  const outcomes: Outcome[] = [];
  for (const stage of all) {
    if (wanted.length === 0 || wanted.includes(stage.name)) outcomes.push(await run(stage, environment));
  }
  const text = summary(outcomes);
  await writeFile(join(FOLDER, 'summary.txt'), `${text}\n`);
  console.log(`\n${text}`);
  return exitCode(outcomes, process.env['CI'] === 'true');
}

async function run(stage: Stage, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  console.log(`\n==> ${stage.name}: ${stage.what}`);
  const start = performance.now();
  if (stage.report !== undefined) await rm(stage.report.file, { force: true });
  let code = 0;
  for (const command of stage.commands) code = Math.max(code, await execute(command, environment));
  const report =
    stage.report === undefined ? undefined : await readFile(stage.report.file, 'utf8').catch(() => undefined);
  const counts = countStage(stage, code, report);
  const seconds = (performance.now() - start) / 1000;
  if (counts.failed > 0) console.log(`    ${stage.name}: failed`);
  return { name: stage.name, counts, seconds };
}

function execute([file = '', ...args]: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], env: environment });
    child.on('error', (error) => {
      console.error(`${file} cannot be started: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** WINDLASS_DATA may name a folder of data sets, as for `make demo`; the training tests take the file. */
async function testEnvironment(): Promise<NodeJS.ProcessEnv> {
  const named = process.env['WINDLASS_DATA'] ?? '';
  const isFolder = named !== '' && (await stat(named).catch(() => undefined))?.isDirectory() === true;
  return isFolder ? { ...process.env, WINDLASS_DATA: join(named, 'bankchurn', 'Churn.csv') } : process.env;
}
