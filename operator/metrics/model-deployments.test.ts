import { expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { modelDeploymentSpecSchema, type ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { registerModelDeployments } from './model-deployments.ts';

const spec = modelDeploymentSpecSchema.parse({ model: { uri: 's3://models/churn/3/' }, replicas: 3 });

function modelDeployment(name: string, status?: ModelDeploymentStatus): ModelDeployment {
  return {
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelDeployment',
    metadata: { namespace: 'churn', name },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const rolling: ModelDeploymentStatus = {
  conditions: [condition('Ready', 'False', 'RollingOut'), condition('Available', 'True', 'Serving')],
  stableRevision: 'bank-0123456789',
  candidateRevision: 'bank-abcdefabcd',
  revision: 3,
  modelVersion: '3.1',
  replicas: 3,
  readyReplicas: 2,
  rollout: {
    phase: 'Step',
    since: '2026-01-01T00:00:10Z',
    startedAt: '2026-01-01T00:00:00Z',
    step: 2,
    weight: 25,
    checks: [{ name: 'errorRate', state: 'Failing', limit: 'at most 1 %' }],
  },
};

function read(list: () => readonly ModelDeployment[]): () => Promise<readonly string[]> {
  const registry = new Registry();
  registerModelDeployments(registry, list);
  return async () =>
    (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== '');
}

it('tells of a ModelDeployment what its status says', async () => {
  const of = 'namespace="churn",name="bank"';
  expect(await read(() => [modelDeployment('bank', rolling)])()).toEqual([
    'windlass_modeldeployments{state="RollingOut"} 1',
    `windlass_modeldeployment_info{${of},revision="bank-0123456789",number="3",version="3.1",candidate="bank-abcdefabcd",phase="Step",reason="RollingOut"} 1`,
    `windlass_modeldeployment_condition{${of},type="Ready",status="False"} 1`,
    `windlass_modeldeployment_condition{${of},type="Available",status="True"} 1`,
    `windlass_modeldeployment_spec_replicas{${of}} 3`,
    `windlass_modeldeployment_replicas{${of}} 3`,
    `windlass_modeldeployment_ready_replicas{${of}} 2`,
    `windlass_rollout_weight{${of}} 25`,
    `windlass_rollout_step{${of}} 2`,
    `windlass_rollout_phase_since_seconds{${of}} 1767225610`,
    `windlass_rollout_check{${of},check="errorRate",state="Failing"} 1`,
  ]);
});

it('tells what became of the last retraining, and nothing where there was none', async () => {
  const retraining = {
    jobName: 'bank-retrain-0123456789',
    reason: 'drift',
    lastStarted: '2026-01-01T00:00:00Z',
    lastResult: 'Failed',
    message: 'the value 17 of a customer',
  } as const;
  const lines = await read(() => [
    modelDeployment('bank', { ...rolling, retraining }),
    modelDeployment('other', rolling),
  ])();
  expect(lines.filter((line) => line.includes('_retraining'))).toEqual([
    'windlass_modeldeployment_retraining{namespace="churn",name="bank",job_name="bank-retrain-0123456789",reason="drift",result="Failed"} 1',
  ]);
});

it('counts those without a status as new, and says nothing of what they do not know yet', async () => {
  const lines = await read(() => [modelDeployment('a'), modelDeployment('b')])();
  expect(lines).toContain('windlass_modeldeployments{state="New"} 2');
  expect(lines.filter((line) => /replicas|rollout_/.test(line) && !line.includes('spec_replicas'))).toEqual(
    [],
  );
});

it('forgets an object with the object', async () => {
  let list = [modelDeployment('bank', rolling)];
  const lines = read(() => list);
  expect((await lines()).length).toBeGreaterThan(5);
  list = [];
  expect(await lines()).toEqual([]);
});

/** The best of five readings, in ms: what else runs on the machine is not the question. */
async function timeOf(objects: number): Promise<number> {
  const list = Array.from({ length: objects }, (_, index) => modelDeployment(`bank-${index}`, rolling));
  const lines = read(() => list);
  const times: number[] = [];
  for (let reading = 0; reading < 5; reading++) {
    const start = performance.now();
    expect(await lines()).toHaveLength(1 + 10 * objects);
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

it('costs in proportion to the objects: ten times as many, far from a hundred times as long', async () => {
  await timeOf(100);
  expect((await timeOf(1000)) / (await timeOf(100))).toBeLessThan(40);
});
