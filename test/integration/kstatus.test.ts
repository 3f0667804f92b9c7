import { expect, test } from 'vitest';
import { CONDITION_TABLE } from '#operator/model-deployment/status.ts';
import { inSituation, situations } from '#test/gitops/in-situation.ts';
import { kstatusOf } from '#test/gitops/kstatus.ts';

test('kstatus, as Flux waits by it, makes of each situation what the table of conditions says', async () => {
  const verdicts = await kstatusOf(situations.map((situation) => inSituation(situation)));
  expect(
    Object.fromEntries(situations.map((situation, index) => [situation, verdicts[index]?.status])),
  ).toEqual(
    Object.fromEntries(situations.map((situation) => [situation, CONDITION_TABLE[situation].kstatus])),
  );
});

test('what has failed says why in the words of the condition', async () => {
  const failed = situations.filter((situation) => CONDITION_TABLE[situation].stalled);
  const verdicts = await kstatusOf(failed.map((situation) => inSituation(situation)));
  expect(verdicts.map(({ message }) => message)).toEqual(
    failed.map((situation) => `What ${situation} means, and the next step.`),
  );
});

test('a status of an earlier spec is waited for, whatever it says', async () => {
  const verdicts = await kstatusOf(
    situations.map((situation) => inSituation(situation, { observedGeneration: 6 })),
  );
  expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['InProgress']));
});
