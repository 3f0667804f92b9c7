import { expect, test } from 'vitest';
import type { ModelRollback } from '#operator/api/objects.ts';
import { rollback } from './testing/fixtures.ts';
import { World } from './testing/world.ts';

test('of two active undos only the newer one says that its revision serves, until it is deleted', async () => {
  const world = new World({ replicas: 1 });
  for (const content of ['1', '2', '3']) await world.serve(content);
  const undo = async (name: string, toRevision: number): Promise<void> => {
    world.now += 1_000;
    world.cluster.put(rollback(name, { toRevision }));
    await world.reconcile();
    world.now += 2_000;
    world.runPods({ ready: true });
    await world.reconcile();
  };
  const message = (name: string) =>
    (world.cluster.get('ModelRollback', name) as ModelRollback).status?.message ?? '';

  await undo('u1', 2);
  await undo('u2', 1);
  expect(message('u1')).toMatch(/^ModelRollback u2 is newer and counts\./);
  expect(message('u2')).toMatch(/^Revision \S+ serves instead of/);

  world.cluster.remove('ModelRollback', 'u2');
  await world.reconcile();
  expect(message('u1')).toMatch(/^Revision \S+ serves instead of/);
});
