import { appendFileSync } from 'node:fs';
import { measureFigure } from './figure.ts';
import { groups } from './groups.ts';

/**
 * `make figures [ONLY=group[/name]]`: measures figures afresh, one JSON line each on standard output; all else goes to
 * standard error. Exits 0 only when all hold.
 */
const only = (process.env['ONLY'] ?? '').split('/');
const [group, name] = only;
if (group !== '' && group !== undefined && !(group in groups)) {
  console.error(`ONLY=${group} names no group of figures; there are: ${Object.keys(groups).join(', ')}`);
  process.exit(2);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

const suites = Object.entries(groups).filter(([key]) => group === '' || group === undefined || key === group);
let missed = 0;
let measured = 0;
for (const [key, load] of suites) {
  const suite = await load();
  try {
    for (const figure of suite.figures) {
      if (name !== undefined && !figure.name.includes(name)) continue;
      console.error(`measuring ${key}/${figure.name} ...`);
      const line = await measureFigure(figure);
      measured += 1;
      if (!line.holds) missed += 1;
      const text = JSON.stringify(line);
      console.log(text);
      const file = process.env['FIGURES_FILE'];
      if (file !== undefined) appendFileSync(file, `${text}\n`);
    }
  } finally {
    await suite.close();
  }
}
if (measured === 0) console.error(`no figure is called ${name}`);
process.exit(missed === 0 && measured > 0 ? 0 : 1);
