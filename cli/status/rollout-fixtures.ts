import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { RolloutStatus } from '#operator/api/rollout-status.ts';
import { condition, deployment, pod, revision, revisionName, RUNNING } from '../testing.ts';
import type { Readings } from './view.ts';

// A rollout from revision 1 to revision 2 in three steps, as the operator writes it: for the tests of what is shown.

const BEGAN = '2026-03-01T11:58:00Z';

export const SPEC = modelDeploymentSpecSchema.parse({
  model: { uri: 's3://models/bankchurn/2/' },
  replicas: 2,
  rollout: {
    shadow: { percent: 100, hold: '5m' },
    steps: [{ weight: 5, hold: '2m' }, { weight: 25, hold: '5m' }, { weight: 50 }],
    checks: [{ errorRate: { max: 0.01 } }, { latency: { maxRatio: 2 } }, { agreement: { min: 0.9 } }],
  },
});

export const CHECKS: NonNullable<RolloutStatus['checks']> = [
  { name: 'errorRate', state: 'Passing', value: '0.2 %', limit: 'at most 1 %', samples: 1204 },
  {
    name: 'latency p95',
    state: 'Waiting',
    limit: 'at most 2 times the stable revision’s',
    samples: 40,
    message: '40 of 100 samples',
  },
];

export const FAILING: NonNullable<RolloutStatus['checks']> = [
  {
    name: 'errorRate',
    state: 'Failing',
    value: '4.1 %',
    limit: 'at most 1 %',
    samples: 980,
    message: 'Revision 2 failed 40 of 980 requests in 1m; callers got revision 1’s answers.',
  },
];

/** A status on its way to revision 2, with the Ready condition that it stands for. */
export function rollingOut(
  rollout: Partial<RolloutStatus> & Pick<RolloutStatus, 'phase'>,
  change: {
    readonly reason?: string;
    readonly message?: string;
    readonly status?: ModelDeploymentStatus;
  } = {},
): ModelDeployment {
  const { reason = 'RollingOut', message = 'Revision 2 is on its way.' } = change;
  const object = deployment({
    conditions: [
      condition('Ready', 'False', reason, message),
      condition('Available', 'True'),
      condition('Reconciling', 'True'),
    ],
    stableRevision: revisionName(1),
    candidateRevision: revisionName(2),
    revision: 1,
    specHash: 'v1-abc',
    rollout: { since: BEGAN, startedAt: BEGAN, steps: 3, ...rollout },
    ...change.status,
  });
  return { ...object, spec: SPEC };
}

export function annotated(
  object: ModelDeployment,
  annotations: Readonly<Record<string, string>>,
): ModelDeployment {
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export function readings(object: ModelDeployment, change: Partial<Readings> = {}): Readings {
  return {
    deployment: object,
    revisions: [revision(1, 'Stable'), revision(2, 'Candidate')],
    rollbacks: [],
    pods: [pod(1, 'aa', RUNNING), pod(1, 'bb', RUNNING), pod(2, 'cc', RUNNING)],
    ...change,
  };
}
