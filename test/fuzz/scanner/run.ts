import * as fc from 'fast-check';
import type { Verdict } from '#runtime/protocol/scan/oracle.ts';
import { seeded } from '#test/support/random.ts';
import { keepDocument } from './corpus.ts';
import { oracleOf, STARTS, type Start } from './forms.ts';
import { nearly, type Random } from './near-valid.ts';

export interface ScannerOptions {
  readonly documents: number;
  readonly seed: number;
}

/** Documents that are made from one that is generated, which takes longer than to change one. */
const FROM_ONE = 100;
/** Of one that is refused as it is, what is near it is mostly refused too. */
const FROM_REFUSED = 4;
/** How often a changed document is what is changed next. */
const GOES_ON = 0.15;
const ROUND = 200;
const SAY_MS = 10_000;
/** After so many differences there is enough to mend. */
const MOST_FOUND = 10;

/** Reads documents by the scanners and by the parser; resolves to the files of those that they read otherwise. */
export function fuzzScanner(
  { documents, seed }: ScannerOptions,
  say: (line: string) => void,
): readonly string[] {
  const counts: Record<Verdict, number> = { same: 0, left: 0, refused: 0, different: 0 };
  const read = (): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const files = new Set<string>();
  const random = seeded(seed);
  const started = performance.now();
  let said = started;
  const progress = (): void => {
    const seconds = (performance.now() - started) / 1000;
    const { same, left, refused, different } = counts;
    say(
      `${read()} documents in ${seconds.toFixed(0)} s: both read ${same} alike and refuse ${refused}, the scanner leaves ${left} to the parser, ${different} differ`,
    );
  };
  for (let round = 0; read() < documents && files.size < MOST_FOUND; round++) {
    for (const starts of STARTS) {
      for (const start of fc.sample(starts, { seed: seed + round, numRuns: ROUND })) {
        const found = change(start, random, counts);
        if (found !== undefined) {
          const file = keepDocument({ model: start.model, document: shrunk({ ...start, document: found }) });
          files.add(file);
          say(`DIFFERENT: ${found.toString('latin1').slice(0, 500)}\n  kept in ${file}`);
        }
        if (performance.now() - said > SAY_MS) {
          progress();
          said = performance.now();
        }
        if (read() >= documents) break;
      }
    }
  }
  progress();
  return [...files];
}

/** Reads a document and what is nearly it; returns the first that is read otherwise. */
function change(
  { model, document }: Start,
  random: Random,
  counts: Record<Verdict, number>,
): Buffer | undefined {
  const oracle = strictly(oracleOf(model));
  let current = document;
  let times = FROM_ONE;
  for (let i = 0; i < times; i++) {
    const next = i === 0 ? document : nearly(current, random);
    const verdict = oracle(next);
    counts[verdict]++;
    if (i === 0 && verdict === 'refused') times = FROM_REFUSED;
    if (verdict === 'different') return next;
    // What is refused by both is left behind: changes of it say little.
    if (verdict !== 'refused' && random() < GOES_ON) current = next;
  }
  return undefined;
}

/** What throws is a difference as well. */
function strictly(oracle: (document: Buffer) => Verdict): (document: Buffer) => Verdict {
  return (document) => {
    try {
      return oracle(document);
    } catch {
      return 'different';
    }
  };
}

/** The document with everything left out that the difference does not need. */
function shrunk({ model, document }: Start): Buffer {
  const oracle = strictly(oracleOf(model));
  let smallest = document;
  for (let length = smallest.length >> 1; length >= 1; length >>= 1) {
    for (let at = 0; at + length <= smallest.length;) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + length)]);
      if (oracle(without) === 'different') smallest = without;
      else at += length;
    }
  }
  return smallest;
}
