import { ANNOTATION } from '#contract/names.ts';
import { FULL, parsePromote } from '#operator/rollout/progress.ts';
import type { Observed } from './observed.ts';
import type { Facts, RevisionRecord } from './revisions.ts';

/** Whether a person holds the rollout where it is. */
export function isPaused(
  { modelDeployment: { spec, metadata } }: Observed,
  { number }: RevisionRecord,
): boolean {
  return spec.rollout.paused || metadata.annotations?.[ANNOTATION.paused] === String(number);
}

/** What a person allowed with the annotation windlass.dev/promote, and what is wrong with it. */
export function promoteRequest(
  { modelDeployment }: Observed,
  facts: Facts,
  { name, number }: RevisionRecord,
): { readonly through: number; readonly ignored?: string } {
  const text = modelDeployment.metadata.annotations?.[ANNOTATION.promote];
  if (text === undefined) return { through: -1 };
  const request = parsePromote(text);
  const steps = modelDeployment.spec.rollout.steps?.length ?? 0;
  const is = `The annotation ${ANNOTATION.promote} is "${text.slice(0, 40)}"`;
  const meant = `Revision ${name} is on its way as number ${number}: write ${number}/<step> or ${number}/full.`;
  if (request === undefined) return { through: -1, ignored: `${is}, which is not understood. ${meant}` };
  if (request.number < number) {
    // One that an earlier rollout heeded, or was told of, stays behind.
    const isLeftover = facts.rollout.promoted === text || facts.rollout.ignored === text;
    return isLeftover
      ? { through: -1 }
      : { through: -1, ignored: `${is}, which is the number of an earlier rollout. ${meant}` };
  }
  if (request.number > number || facts.rollout.ignored === text)
    return { through: -1, ignored: `${is}, which named no rollout when it was written. ${meant}` };
  if (request.through === FULL || request.through <= steps) return request;
  return { through: -1, ignored: `${is}, and the rollout has ${steps} steps. ${meant}` };
}

/** An annotation that names a number which was never given: it stays without effect when that number comes. */
export function promoteTooSoon({ modelDeployment }: Observed, facts: Facts): string | undefined {
  const text = modelDeployment.metadata.annotations?.[ANNOTATION.promote];
  if (text === undefined) return undefined;
  if (facts.rollout.ignored === text) return text;
  return (parsePromote(text)?.number ?? 0) > facts.highest ? text : undefined;
}

/** The annotation while it stays as it was when it named the rollout of `number`, be that the one of now or an earlier one. */
export function promoteHeeded(
  { modelDeployment }: Observed,
  facts: Facts,
  number: number | undefined,
): string | undefined {
  const text = modelDeployment.metadata.annotations?.[ANNOTATION.promote];
  if (text === undefined || facts.rollout.promoted === text) return text;
  const isOfNow = number !== undefined && parsePromote(text)?.number === number;
  return isOfNow && facts.rollout.ignored !== text ? text : undefined;
}
