import { parseArgs } from 'node:util';
import { MODELS } from './models.ts';
import { fuzz } from './run.ts';
import { fuzzScanner } from './scanner/run.ts';

const USAGE = `npm run fuzz -- --minutes N [--seed S] [--model NAME ...]
       npm run fuzz -- --scanner [--documents N] [--seed S]
Sends made-up requests, good, bad and broken, to a server of each model (${Object.keys(MODELS).join(', ')}).
What goes wrong is printed, made as small as it goes and kept in test/fuzz/corpus, which the unit tests replay.
With --scanner: reads documents that are nearly right by the JSON scanner and by the parser, which is its oracle. What
they read otherwise is kept in test/fuzz/scanner/corpus.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    model: { type: 'string', multiple: true, default: Object.keys(MODELS) },
    scanner: { type: 'boolean', default: false },
    documents: { type: 'string', default: '3000000' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
if (values.scanner) {
  const documents = Number(values.documents);
  console.log(`seed ${values.seed}, ${documents} documents`);
  const files = fuzzScanner({ documents, seed: Number(values.seed) }, console.log);
  process.exit(files.length === 0 ? 0 : 1);
}
console.log(`seed ${values.seed}, ${values.minutes} minutes`);
const options = { minutes: Number(values.minutes), seed: Number(values.seed), models: values.model };
const faults = await fuzz(options, console.log);
console.log(faults.length === 0 ? 'nothing went wrong' : `${faults.length} kinds of faults`);
process.exit(faults.length === 0 ? 0 : 1);
