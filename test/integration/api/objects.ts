import { MAX_BUNDLE_FILES } from '#contract/artifact.ts';
import type { ModelRevision } from '#operator/api/objects.ts';

const SHA256 = 'a'.repeat(64);

export const deployment = (spec: object, name = 'bad'): object => ({
  apiVersion: 'windlass.dev/v1alpha1',
  kind: 'ModelDeployment',
  metadata: { name, namespace: 'default' },
  spec: { model: { uri: 's3://models/churn/1/' }, ...spec },
});

export const rollback = (spec: object, name = 'undo'): object => ({
  apiVersion: 'windlass.dev/v1alpha1',
  kind: 'ModelRollback',
  metadata: { name, namespace: 'default' },
  spec: { modelDeployment: 'churn', ...spec },
});

/** A ModelDeployment's spec with the lists and maps that rules walk through as long as they may be. */
export function fullSpec(): object {
  const keys = (count: number, prefix: string): object =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${prefix}${i}.example.com/${'k'.repeat(60)}`, 'v']),
    );
  return {
    rollout: {
      shadow: { percent: 50, hold: '5m', tolerance: 1e-6 },
      steps: Array.from({ length: 20 }, (_, i) => ({ weight: (i + 1) * 5, hold: '5m' })),
      checks: [
        { metric: { name: 'rmse', max: 8000.5 } },
        { golden: {} },
        { errorRate: { max: 0.015 } },
        { latency: { quantile: 0.99, maxRatio: 1.5, maxSeconds: 0.25 } },
        { agreement: { min: 0.999 } },
        { predictionShift: {} },
        ...Array.from({ length: 10 }, () => ({ prometheus: { query: 'q'.repeat(2048), max: 1.5 } })),
      ],
      onFailure: 'pause',
      bake: '1h30m',
      maxSurge: 0,
      sticky: { header: 'X-User-Id' },
    },
    drift: { maxPsi: 0.25, window: '24h', minSamples: 500 },
    retraining: {
      schedule: '0 3 * * 0',
      timeZone: 'Europe/Berlin',
      onDrift: { cooldown: '12h' },
      job: {
        image: 'registry.example.com/train:1',
        command: ['windlass-train'],
        args: ['train', 'bankchurn'],
        env: Array.from({ length: 64 }, (_, i) => ({ name: `V${i}`, value: 'x' })),
        envFrom: [{ secretRef: { name: 'models' } }, { configMapRef: { name: 'settings' } }],
        resources: { requests: { cpu: '1' }, limits: { cpu: '1', memory: '2Gi' } },
        nodeSelector: keys(64, 'n'),
        tolerations: [{ operator: 'Exists' }],
        timeout: '1h',
        backoffLimit: 0,
      },
    },
    autoscaling: { minReplicas: 1, maxReplicas: 1000, targetCPUUtilizationPercentage: 70 },
    serving: {
      executionProvider: 'cuda',
      resources: {
        requests: { cpu: '250m', memory: 0, 'nvidia.com/gpu': 1 },
        limits: { cpu: 2, memory: '1Gi', 'nvidia.com/gpu': '1' },
      },
      pod: {
        labels: keys(64, 'l'),
        annotations: keys(32, 'a'),
        env: Array.from({ length: 64 }, (_, i) => ({ name: `V${i}`, value: 'x'.repeat(4096) })),
      },
    },
  };
}

/** A revision with every kind of field that the operator writes. */
export function modelRevision(): ModelRevision {
  return {
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelRevision',
    metadata: { name: 'churn-0123456789', namespace: 'default' },
    spec: {
      hashVersion: 1,
      modelDeployment: 'churn',
      artifact: {
        format: 'bundle',
        uri: 's3://models/churn/1/',
        sha256: SHA256,
        size: 3_000_000_000,
        files: [{ path: 'model.onnx', size: 3_000_000_000, sha256: SHA256, etag: '"e"', versionId: 'v' }],
      },
      model: {
        name: 'churn',
        version: '1.0.0',
        task: 'binary-classification',
        inputs: [
          {
            name: 'Geography',
            type: 'string',
            shape: [null, 1],
            required: true,
            integer: false,
            values: ['France', 'Spain', 2.5],
            default: 'France',
          },
          {
            name: 'Balance',
            type: 'float32',
            shape: [null, 1],
            required: false,
            integer: false,
            range: { min: 0.5 },
            default: 0.1,
          },
          { name: 'Flag', type: 'bool', shape: [null, 1], required: true, integer: true, default: false },
        ],
        outputs: [{ name: 'probabilities', type: 'float32', shape: [null, 2] }],
        metrics: { auc: 0.857, rows: 10_000, tiny: 1e-9 },
        estimatedMemoryBytes: 30_000_000,
      },
      serving: {
        resources: { requests: { cpu: '250m', memory: 536_870_912 }, limits: { memory: '1Gi' } },
        maxBatchSize: 64,
        logLevel: 'info',
        pod: { env: [{ name: 'A', value: 'b' }], tolerations: [{ operator: 'Exists' }] },
      },
      image: `registry.example.com/windlass/runtime@sha256:${SHA256}`,
    },
  };
}

/** As much as a revision may hold: 256 KiB of files and fields. */
export function largestRevision(): ModelRevision {
  const revision = modelRevision();
  const files = Array.from({ length: MAX_BUNDLE_FILES }, (_, i) => ({
    path: `${'folder/'.repeat(20)}${i}.bin`,
    size: 1,
    sha256: SHA256,
    etag: 'e'.repeat(64),
    versionId: 'v'.repeat(64),
  }));
  const inputs = Array.from({ length: 1024 }, (_, i) => ({
    name: `feature-${i}-${'n'.repeat(20)}`,
    type: 'float32' as const,
    shape: [null, 1],
    required: true,
    integer: false,
  }));
  return {
    ...revision,
    metadata: { name: 'churn-fedcba9876', namespace: 'default' },
    spec: {
      ...revision.spec,
      artifact: { ...revision.spec.artifact, files },
      model: { ...revision.spec.model, inputs },
    },
  };
}
