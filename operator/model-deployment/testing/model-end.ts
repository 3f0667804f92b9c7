import { ANNOTATION } from '#contract/names.ts';
import { findCondition } from '#operator/api/conditions.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { readyNow } from './model-scene.ts';
import type { ModelWorld } from './model-world.ts';

const ROUND_MS = 20_000;
/** Longer than all holds, windows and deadlines of a walk's settings together. */
const ROUNDS = 90;

/** Everything is well from now on: what is wrong with how it ends; undefined where it ends as it should. */
export async function problemAtTheEnd(world: ModelWorld): Promise<string | undefined> {
  world.mend();
  world.traffic.quality = 'good';
  world.annotate(ANNOTATION.paused, null);
  if (world.modelDeployment.spec.replicas === 0) world.changeSpec({ replicas: 1 });
  const { rollout } = world.modelDeployment.spec;
  if (rollout.paused) world.setRollout({ ...rollout, paused: false });
  for (let round = 0; round < ROUNDS; round += 1) {
    world.resolve();
    promoteWhatWaits(world);
    await world.live(ROUND_MS);
    const end = endOf(world.modelDeployment);
    if (end !== 'on its way')
      return end === 'served' ? (servedWrongly(world) ?? secondPlan(world)) : secondPlan(world);
  }
  const conditions = world.modelDeployment.status?.conditions ?? [];
  return `it comes to no end: ${JSON.stringify(conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message })))}`;
}

function promoteWhatWaits(world: ModelWorld): void {
  const { status } = world.modelDeployment;
  const reason = findCondition(status?.conditions, 'Ready')?.reason;
  if (reason !== 'WaitingForPromotion' && reason !== 'Paused') return;
  // What was promoted and failed while it was watched is kept by `full`.
  if (status?.candidateRevision === undefined)
    return world.annotate(ANNOTATION.promote, `${status?.revision ?? 0}/full`);
  const candidate = world.revisions.find(({ metadata }) => metadata.name === status.candidateRevision);
  const number = candidate?.status?.revision ?? 0;
  world.annotate(ANNOTATION.promote, `${number}/${status.rollout?.step ?? 0}`);
}

/** Whether it came to an end that it stays at. */
export function endOf({ metadata, status }: ModelDeployment): 'served' | 'stalled' | 'on its way' {
  const condition = (type: 'Ready' | 'Stalled' | 'Reconciling') => findCondition(status?.conditions, type);
  if (status?.observedGeneration !== metadata.generation) return 'on its way';
  const stalled = condition('Stalled');
  // What was in the way may be gone: with a rollout on its way, that is no end.
  if (stalled?.status === 'True')
    return stalled.reason === '' || status?.rollout !== undefined ? 'on its way' : 'stalled';
  const ready = condition('Ready')?.status === 'True' && condition('Reconciling')?.status !== 'True';
  return ready && status?.rollout === undefined ? 'served' : 'on its way';
}

/** Ready=True: the content that the spec names serves, at full size. */
function servedWrongly(world: ModelWorld): string | undefined {
  const { spec, status } = world.modelDeployment;
  const { selected } = world;
  const revision = world.revisions.find(({ metadata }) => metadata.name === selected);
  const version = revision?.spec.model.version ?? 'nothing';
  if (selected === undefined || !world.contents.has(version))
    return `${[...world.contents].join(' or ')} is wanted, and ${version} serves as ${status?.stableRevision}`;
  const ready = world.podsOf(selected).filter(readyNow).length;
  return ready >= spec.replicas ? undefined : `${ready} of ${spec.replicas} pods of ${selected} are ready`;
}

function secondPlan(world: ModelWorld): string | undefined {
  const { actions } = world.plan();
  return actions.length === 0 ? undefined : `at rest, a plan does ${JSON.stringify(actions)}`;
}
