import { expect, test } from 'vitest';
import { readDocuments } from './corpus.ts';
import { oracleOf } from './forms.ts';
import { fuzzScanner } from './run.ts';

test.each(readDocuments())('the scanner and the parser read a kept document alike: %s', (_, start) => {
  expect(oracleOf(start.model)(start.document)).not.toBe('different');
});

test('as many documents are read as were asked for, and both take some of each form and refuse others', () => {
  const said: string[] = [];
  expect(fuzzScanner({ documents: 20_000, seed: 7 }, (line) => said.push(line))).toEqual([]);
  const [, read, same, refused, left] =
    /^(\d+) documents .* read (\d+) alike and refuse (\d+), the scanner leaves (\d+)/.exec(
      said.at(-1) ?? '',
    ) ?? [];
  expect(Number(read)).toBeGreaterThanOrEqual(20_000);
  for (const count of [same, refused, left]) expect(Number(count)).toBeGreaterThan(500);
});
