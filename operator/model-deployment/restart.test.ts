import { beforeEach, expect, test } from 'vitest';
import { ANNOTATION } from '#contract/names.ts';
import { trimDeployment } from '#operator/caches/trim.ts';
import { isoTime } from './annotations.ts';
import { restart } from './restart.ts';
import { NAME } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = new World({ replicas: 2 });
  await world.serve('1');
  await world.serve('2');
  world.now += 60_000;
});

const ask = (value: string | null) =>
  world.cluster.merge('ModelDeployment', NAME, {
    metadata: { annotations: { [ANNOTATION.restart]: value } },
  });
const marks = () =>
  world.deployments.map(({ spec }) => spec.template.metadata?.annotations?.[ANNOTATION.restart]);

test('a restart marks the template of each Deployment that runs, once, and changes nothing else of it', async () => {
  const before = world.deployments;
  const at = isoTime(world.now);
  ask(at);
  await world.reconcile();
  expect(marks()).toEqual([at, at]);
  for (const [index, { spec }] of world.deployments.entries()) {
    const { annotations, ...metadata } = spec.template.metadata ?? {};
    const { [ANNOTATION.restart]: _, ...kept } = annotations ?? {};
    expect({ ...spec, template: { ...spec.template, metadata: { ...metadata, annotations: kept } } }).toEqual(
      before[index]?.spec,
    );
  }
  expect(world.plan().actions).toEqual([]);
});

test('it is remembered where caches keep it', async () => {
  ask(isoTime(world.now));
  await world.reconcile();
  for (const deployment of world.deployments)
    expect(restart(trimDeployment(deployment), world.modelDeployment)).toEqual([]);
});

test('a revision that starts after the restart was asked for is not restarted', async () => {
  const at = isoTime(world.now);
  ask(at);
  await world.reconcile();
  world.now += 1000;
  const third = await world.serve('3');
  const started = world.deployments.find(({ metadata }) => metadata.name === third);
  expect(started?.spec.template.metadata?.annotations?.[ANNOTATION.restart]).toBeUndefined();
});

test('the next restart marks them again; taking the annotation away does nothing', async () => {
  ask(isoTime(world.now));
  await world.reconcile();
  world.now += 60_000;
  const again = isoTime(world.now);
  ask(again);
  await world.reconcile();
  expect(marks()).toEqual([again, again]);
  ask(null);
  expect(world.plan().actions).toEqual([]);
});

test.each(['', 'now', 'tomorrow at nine'])('%j is no time, and restarts nothing', (value) => {
  ask(value);
  expect(world.plan().actions).toEqual([]);
});
