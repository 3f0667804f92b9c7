import * as fc from 'fast-check';
import type { FuzzCase } from './case.ts';
import { keep } from './corpus.ts';
import { cases } from './generate/framing.ts';
import { growth, slope, type Reading } from './memory.ts';
import { Tally } from './tally.ts';
import { Target } from './target.ts';

export interface FuzzOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly models: readonly string[];
}

/** What went wrong, once for each kind of fault. */
export interface Fault {
  readonly model: string;
  readonly fault: string;
  readonly seed: number;
  readonly file: string | undefined;
}

/** Cases between two looks at a server's memory and its right answers. */
const ROUND = 500;
/** A smaller case that goes wrong alike is looked for so long. */
const SHRINK_MS = 30_000;

/** Sends made-up requests to a server of each model in turn. Resolves to what went wrong, once for each kind. */
export async function fuzz(options: FuzzOptions, say: (line: string) => void): Promise<readonly Fault[]> {
  const runs = new Map<string, ModelRun>();
  const faults: Fault[] = [];
  const end = performance.now() + options.minutes * 60_000;
  try {
    for (const model of options.models)
      runs.set(model, new ModelRun(model, await Target.start(model), faults, say));
    for (let round = 0; performance.now() < end; round++) {
      for (const [model, run] of runs) {
        if (performance.now() >= end) break;
        if (await run.round(options.seed + round, end)) continue;
        await run.dispose();
        runs.set(model, new ModelRun(model, await Target.start(model), faults, say));
      }
    }
    for (const run of runs.values()) run.summary();
  } finally {
    for (const run of runs.values()) await run.dispose();
  }
  return faults;
}

class ModelRun {
  readonly #model: string;
  readonly #target: Target;
  readonly #faults: Fault[];
  readonly #say: (line: string) => void;
  readonly #tally = new Tally();
  readonly #readings: Reading[] = [];
  readonly #arbitrary: fc.Arbitrary<FuzzCase>;

  constructor(model: string, target: Target, faults: Fault[], say: (line: string) => void) {
    this.#model = model;
    this.#target = target;
    this.#faults = faults;
    this.#say = say;
    this.#arbitrary = cases(target.schema);
  }

  /** Whether the server goes on. */
  async round(seed: number, end: number): Promise<boolean> {
    let shrinkUntil = Infinity;
    let found: string | undefined;
    const property = fc.asyncProperty(this.#arbitrary, async (fuzzCase) => {
      if (performance.now() > shrinkUntil) return;
      const { outcome, fault } = await this.#target.try(fuzzCase);
      this.#tally.add(fuzzCase, outcome);
      // While a case is made smaller, it has to stay the same fault.
      if (fault === undefined || this.#known(fault) || (found !== undefined && fault !== found)) return;
      if (found === undefined) shrinkUntil = performance.now() + SHRINK_MS;
      found = fault;
      throw new Error(fault);
    });
    const result = await fc.check(property, {
      seed,
      numRuns: ROUND,
      interruptAfterTimeLimit: Math.max(1, end - performance.now()) + SHRINK_MS,
    });
    const smallest = result.counterexample?.[0];
    if (found !== undefined && smallest !== undefined) this.#report(found, seed, smallest);
    const lost = await this.#target
      .lost()
      .catch((error: unknown) => `a valid request fails: ${String(error)}`);
    if (lost !== undefined) {
      this.#report(lost, seed, undefined);
      return false;
    }
    this.#readings.push({ seconds: performance.now() / 1000, mebibytes: this.#target.memory() });
    return true;
  }

  #known(fault: string): boolean {
    return this.#faults.some((known) => known.fault === fault);
  }

  #report(fault: string, seed: number, smallest: FuzzCase | undefined): void {
    if (this.#known(fault)) return;
    const file = smallest === undefined ? undefined : keep(smallest, fault);
    this.#faults.push({ model: this.#model, fault, seed, file });
    const text =
      smallest === undefined ? '' : Buffer.concat(smallest.pieces).toString('latin1').slice(0, 1500);
    this.#say(
      `FAULT ${this.#model} (seed ${seed}): ${fault}${file === undefined ? '' : `\n  kept in ${file}`}\n${text}\n`,
    );
  }

  summary(): void {
    const grown = growth(this.#readings);
    if (grown !== undefined) this.#report(grown, 0, undefined);
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    this.#say(
      `${this.#model}: ${this.#tally.cases} cases, slowest ${Math.round(this.#tally.slowestMs)} ms, memory ${first?.mebibytes.toFixed(0)} -> ${last?.mebibytes.toFixed(0)} MiB, ${slope(this.#readings).toFixed(1)} MiB an hour once warm`,
    );
    for (const line of this.#tally.lines()) this.#say(line);
  }

  async dispose(): Promise<void> {
    await this.#target[Symbol.asyncDispose]();
  }
}
