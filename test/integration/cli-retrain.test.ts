import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployment } from '#cli/testing.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { Job } from '#operator/kube/index.ts';
import { openCliRoom, type CliRoom } from './cli-room.ts';

// `kubectl windlass retrain` asks the API server for a CronJob of the model's name: anybody may have made one.

let room: CliRoom;
beforeAll(async () => {
  room = await openCliRoom();
  const { spec, ...rest } = deployment();
  await room.apply({
    ...rest,
    spec: { ...spec, retraining: { job: { image: 'train:1' } } },
  } as ModelDeployment);
});
afterAll(async () => room?.close());

async function cronJob(image: string, owners: readonly object[]): Promise<void> {
  await room.apply({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'bankchurn', namespace: 'churn', ownerReferences: owners },
    spec: {
      schedule: '0 0 1 1 *',
      suspend: true,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'train', image }] } } },
      },
    },
  } as { kind: string; metadata: { name: string } });
}

const retrain = () => room.windlass(['retrain', 'bankchurn', '-n', 'churn']);
const images = async (): Promise<readonly (string | undefined)[]> =>
  (await room.get<{ readonly items: readonly Job[] }>('jobs')).items.map(
    ({ spec }) => spec.template.spec.containers[0]?.image,
  );

test('a CronJob of the model’s name that is somebody else’s is not run', async () => {
  await cronJob('backup:1', []);
  const { code, err } = await retrain();
  expect([code, err]).toEqual([1, expect.stringContaining('it belongs to nobody')]);
  expect(await images()).toEqual([]);
});

test('the one that the operator made is', async () => {
  const { metadata } = await room.get<ModelDeployment>('modeldeployment', 'bankchurn');
  const { uid } = metadata;
  const owner = { apiVersion: 'windlass.dev/v1alpha1', kind: 'ModelDeployment', name: 'bankchurn', uid };
  await cronJob('train:1', [{ ...owner, controller: true }]);
  const { code, out } = await retrain();
  expect([code, out]).toEqual([0, expect.stringContaining('trains a new model for bankchurn')]);
  expect(await images()).toEqual(['train:1']);
});
