import { afterAll, describe, expect, test } from 'vitest';
import { readCorpus, unpack } from './corpus.ts';
import { Target } from './target.ts';

const started = new Map<string, Promise<Target>>();

/** One server for each model, for all of its cases: what one leaves behind, the next one meets. */
async function targetOf(model: string): Promise<Target> {
  const target = started.get(model) ?? Target.start(model);
  started.set(model, target);
  return target;
}

afterAll(async () => {
  for (const [, target] of started) await (await target)[Symbol.asyncDispose]();
});

describe('what has been sent once is answered well', () => {
  test.each(readCorpus())('%s', async (_, stored) => {
    const { outcome, fault } = await (await targetOf(stored.model)).try(unpack(stored));
    expect(fault).toBeUndefined();
    if (stored.statuses !== undefined) {
      expect(outcome.parsed.answers.map(({ status }) => status)).toEqual(stored.statuses);
    }
  });

  test('and a valid request still has its right answer', async () => {
    for (const [, target] of started) expect(await (await target).lost()).toBeUndefined();
  });
});
