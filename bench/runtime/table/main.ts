import { writeFile } from 'node:fs/promises';
import { run } from '#test/cluster/command.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import { measureCells } from './cells.ts';
import { machine } from './machine.ts';
import { page } from './page.ts';
import { plot } from './plot.ts';

/** `make bench`: measures the runtime beside its peers, and writes docs/performance.md with its plot. */
const seconds = Number(process.env['WINDLASS_BENCH_SECONDS'] ?? 3);
const facts = await machine();
const cells = await measureCells(seconds, (line) => console.error(line));
const document = repositoryFolder('docs', 'performance.md');
await writeFile(document, page(facts, cells, seconds));
await writeFile(repositoryFolder('docs', 'performance.svg'), plot(cells, 64));
await run(process.execPath, [
  repositoryFolder('node_modules/prettier/bin/prettier.cjs'),
  '--write',
  document,
]);
const failed = cells.filter(({ result }) => 'failed' in result).length;
console.log(`docs/performance.md: ${cells.length} lines, ${failed} of them failed`);
process.exit(failed === 0 ? 0 : 1);
