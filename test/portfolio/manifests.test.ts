import { expect, test } from 'vitest';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import { groundwork, modelDeployment, retrainingData } from './manifests.ts';
import { SYSTEMS } from './systems.ts';

const PLACES = { keys: { AWS_REGION: 'here' }, trainingImage: 'windlass/training:dev' };

test.each(SYSTEMS)('the example of $name fits one small machine, and is valid', async ({ name }) => {
  const { spec } = (await modelDeployment(name, PLACES)) as { readonly spec: object };
  const parsed = modelDeploymentSpecSchema.parse(spec);
  expect(parsed.replicas).toBe(1);
  expect(parsed.autoscaling).toBeUndefined();
  expect(parsed.serving.resources?.limits).toBeDefined();
  expect(parsed.retraining?.job.image ?? PLACES.trainingImage).toBe(PLACES.trainingImage);
});

test('a change of the spec replaces a field as a whole', async () => {
  const changed = await modelDeployment('bankchurn', PLACES, { rollout: {} });
  expect(changed).toMatchObject({ spec: { rollout: {} } });
});

test('the Secrets get keys that open something', async () => {
  const [namespace, ...secrets] = await groundwork(PLACES);
  expect(namespace).toMatchObject({ kind: 'Namespace', metadata: { name: 'models' } });
  expect(secrets).toMatchObject(
    ['models', 'training'].map((name) => ({ kind: 'Secret', metadata: { name }, stringData: PLACES.keys })),
  );
});

test.each(SYSTEMS)('$name reads its model with one Secret, and trains it with another', async ({ name }) => {
  const { spec } = (await modelDeployment(name, PLACES)) as { readonly spec: object };
  const { model, retraining } = modelDeploymentSpecSchema.parse(spec);
  expect(model.credentials?.secretName).toBe('models');
  expect(retraining?.job.envFrom ?? [{ secretRef: { name: 'training' } }]).toEqual([
    { secretRef: { name: 'training' } },
  ]);
});

test.each([
  ['bankchurn', 's3://data/bankchurn/'],
  ['plant', 's3://data/plant/'],
  ['telecom', undefined],
])('%s is trained anew from %s', async (name, place) => {
  expect(await retrainingData(name)).toBe(place);
});
