import { beforeEach, expect, test } from 'vitest';
import type { Action } from './action.ts';
import { rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';
import { readTouch, touchValue } from './traffic-file.ts';

let world: World;
beforeEach(async () => {
  world = new World({ replicas: 2 });
  await world.serve('1');
  await world.serve('2');
});

const touches = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.verb === 'touchPods' ? action.pods : []));
const traffic = (): unknown => {
  const data = world.cluster.get('ConfigMap', 'churn-traffic') as unknown as {
    readonly data: Readonly<Record<string, string>>;
  };
  return JSON.parse(data.data['traffic.json'] ?? '');
};

test('the traffic file names the stable revision and its own Service, and its generation grows with each switch', async () => {
  expect(traffic()).toEqual({
    formatVersion: 1,
    generation: 2,
    token: expect.stringMatching(/^[0-9a-f]{32}$/),
    stable: { revision: world.selected, number: 2, url: `http://${world.selected ?? ''}.models.svc:8080` },
  });
  world.cluster.put(rollback('undo'));
  await world.reconcile();
  expect(traffic()).toMatchObject({ generation: 3, stable: { revision: world.selected } });
});

test('a deleted or damaged traffic file comes back with a generation above all that pods were told', async () => {
  world.cluster.remove('ConfigMap', 'churn-traffic');
  await world.reconcile();
  expect(traffic()).toMatchObject({ generation: 3, stable: { number: 2 } });
});

test('a switch touches the pods of every live revision, once', () => {
  expect(world.pods.map(({ metadata }) => readTouch(metadata.annotations).generation)).toEqual([2, 2, 2, 2]);
  expect(touches(world.plan().actions)).toEqual([]);
});

test('a pod that reports an older file is told again five times within six seconds, and then no more', async () => {
  const [late] = world.pods;
  world.acknowledged.set(late?.metadata.uid ?? '', 1);
  const told: string[] = [];
  for (let i = 0; i < 40; i += 1) {
    const plan = world.plan();
    told.push(...touches(plan.actions).map(({ value }) => value));
    await world.carryOut(plan);
    world.now += 500;
  }
  expect(told).toEqual(['2.1', '2.2', '2.3', '2.4', '2.5']);
});

test('pods are asked while the switch is fresh, until each has acknowledged it', () => {
  expect(world.plan().inquiry).toMatchObject({ generation: 2 });
  expect(world.plan().inquiry?.pods).toHaveLength(4);
  for (const { metadata } of world.pods) world.acknowledged.set(metadata.uid ?? '', 2);
  expect(world.plan()).toMatchObject({ inquiry: undefined });
});

test('a pod that starts after the switch reads the new file by itself', () => {
  world.now += 60_000;
  world.changeSpec({ replicas: 3 });
  world.cluster.merge('Deployment', world.selected ?? '', { spec: { replicas: 3 } });
  world.runPods({ ready: true });
  expect(touches(world.plan().actions)).toEqual([]);
});

test('a switch whose touches were lost is made good, however late', async () => {
  for (const { metadata } of world.pods)
    world.cluster.merge('Pod', metadata.name, { metadata: { annotations: null } });
  world.now += 3_000_000;
  expect(touches(world.plan().actions)).toHaveLength(4);
});

test('a touch is read as it was written', () => {
  expect(readTouch({ 'windlass.dev/traffic-generation': touchValue({ generation: 7, attempt: 4 }) })).toEqual(
    { generation: 7, attempt: 4 },
  );
  expect(readTouch(undefined)).toEqual({ generation: 0, attempt: 0 });
});
