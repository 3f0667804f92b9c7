import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ON_KNATIVE, ONNX, run, service, type Outcome } from './testing.ts';

/** As `kubectl get -o yaml` gives it. */
const FROM_A_CLUSTER = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata:
    name: models
    namespace: churn
    annotations:
      serving.kserve.io/s3-endpoint: minio.minio:9000
      serving.kserve.io/s3-usehttps: "0"
  data:
    AWS_ACCESS_KEY_ID: eA==
    AWS_SECRET_ACCESS_KEY: eA==
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: reader, namespace: churn}
  secrets:
  - name: reader-token-x
  - name: models
- apiVersion: serving.kserve.io/v1beta1
  kind: InferenceService
  metadata:
    name: churn
    namespace: churn
    labels: {team: retention}
    annotations:
      serving.kserve.io/deploymentMode: RawDeployment
      prometheus.io/scrape: "true"
      kubectl.kubernetes.io/last-applied-configuration: "{}"
    resourceVersion: "7"
    uid: 8a5b
    generation: 2
    creationTimestamp: "2026-01-01T00:00:00Z"
    finalizers: [inferenceservice.finalizers]
  spec:
    predictor:
      serviceAccountName: reader
      minReplicas: 2
      maxReplicas: 6
      scaleTarget: 70
      scaleMetric: cpu
      canaryTrafficPercent: 10
      containerConcurrency: 20
      nodeSelector: {disk: ssd}
      tolerations:
      - {key: dedicated, operator: Equal, value: models, effect: NoSchedule}
      batcher: {maxBatchSize: 32, maxLatency: 50}
      model:
        modelFormat: {name: onnx, version: "1"}
        runtime: kserve-tritonserver
        protocolVersion: v2
        storageUri: s3://models/churn
        resources:
          requests: {cpu: 500m, memory: 512Mi}
          limits: {cpu: "1", memory: 1Gi}
        env:
        - {name: TZ, value: UTC}
        - name: TOKEN
          valueFrom: {secretKeyRef: {name: t, key: t}}
  status: {url: http://churn}
`;

test('a service as the API server gives it, with its Secret, becomes a ModelDeployment of the same meaning', async () => {
  const { code, out, err, deployments } = await run(FROM_A_CLUSTER);
  expect(deployments).toEqual([
    {
      apiVersion: 'windlass.dev/v1alpha1',
      kind: 'ModelDeployment',
      metadata: { name: 'churn', namespace: 'churn', labels: { team: 'retention' } },
      spec: {
        model: { uri: 's3://models/churn/churn/1/model.onnx', credentials: { secretName: 'models' } },
        autoscaling: { minReplicas: 2, maxReplicas: 6, targetCPUUtilizationPercentage: 70 },
        serving: {
          resources: {
            requests: { cpu: '500m', memory: '512Mi' },
            limits: { cpu: '1', memory: '1Gi' },
          },
          maxBatchSize: 32,
          pod: {
            serviceAccountName: 'reader',
            nodeSelector: { disk: 'ssd' },
            tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'models', effect: 'NoSchedule' }],
            annotations: { 'prometheus.io/scrape': 'true' },
            env: [{ name: 'TZ', value: 'UTC' }],
          },
        },
        rollout: { steps: [{ weight: 10 }] },
      },
    },
  ]);
  const lineOf = (what: string): number =>
    FROM_A_CLUSTER.split('\n').findIndex((line) => line.includes(what)) + 1;
  const lines = err.trimEnd().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(
      `^standard input:${lineOf('storageUri')}: to check: spec.predictor.model.storageUri: .*--file`,
    ),
    expect.stringMatching(
      `^standard input:${lineOf('containerConcurrency')}: not converted: spec.predictor.containerConcurrency: `,
    ),
    expect.stringMatching(
      `^standard input:${lineOf('maxLatency')}: not converted: spec.predictor.batcher.maxLatency: rows `,
    ),
    expect.stringMatching(
      `^standard input:${lineOf('name: TOKEN')}: not converted: spec.predictor.model.env.1.: TOKEN `,
    ),
  ]);
  // What is said is in the file too, for whoever reads it later.
  for (const line of lines) expect(out).toContain(`# line ${line.slice('standard input:'.length)}`);
  expect(code).toBe(1);
});

describe('where nothing is lost it ends with 0', () => {
  test.each([
    ['model.onnx itself', service({ model: ONNX }), { uri: 's3://models/churn/model.onnx' }],
    [
      'the older spelling',
      service({ onnx: { storageUri: 's3://models/churn/' } }),
      { uri: 's3://models/churn/model.onnx' },
    ],
    [
      'a Triton repository',
      service({ triton: { storageUri: 's3://models/repository' } }),
      { uri: 's3://models/repository/churn/1/model.onnx' },
    ],
    [
      'a storage path with its bucket',
      service({
        model: {
          modelFormat: { name: 'onnx' },
          storage: { path: 'churn/v2.onnx', parameters: { bucket: 'models' } },
        },
      }),
      { uri: 's3://models/churn/v2.onnx' },
    ],
  ])('%s', async (_, text, model) => {
    const { code, deployments, err } = await run(text);
    expect([code, deployments[0]?.spec['model']]).toEqual([0, model]);
    expect(err).not.toContain('not converted');
  });

  test('with what is told of the graph, the bucket and the Secret', async () => {
    const text = service({
      model: { modelFormat: { name: 'onnx' }, storage: { key: 'minio', path: 'churn' } },
      serviceAccountName: 'reader',
    });
    const { code, err, deployments } = await run(text, {
      file: 'churn.onnx',
      bucket: 'models',
      secret: 'keys',
    });
    expect([code, err]).toEqual([0, expect.stringContaining('to check: spec.predictor.model.storage.path')]);
    expect(deployments[0]?.spec['model']).toEqual({
      uri: 's3://models/churn/churn.onnx',
      credentials: { secretName: 'keys' },
    });
  });

  test('a bundle keeps its prefix', async () => {
    const { deployments, err } = await run(service({ model: { ...ONNX, storageUri: 's3://models/churn' } }), {
      file: '',
    });
    expect([deployments[0]?.spec['model'], err]).toEqual([{ uri: 's3://models/churn/' }, '']);
  });
});

describe('pods', () => {
  const specOf = async (
    predictor: object,
    metadata: object = {},
  ): Promise<[number, Outcome['deployments'][0]['spec'], string]> => {
    const { code, deployments, err } = await run(service({ model: ONNX, ...predictor }, {}, metadata));
    return [code, deployments[0]?.spec ?? {}, err];
  };

  test('without a range there is a number of them', async () => {
    expect((await specOf({}))[1]).toMatchObject({ replicas: 1 });
    expect((await specOf({ minReplicas: 3 }))[1]).toMatchObject({ replicas: 3 });
  });

  test('that were scaled to zero, or by requests, are not, and it is said', async () => {
    const asked = { minReplicas: 0, maxReplicas: 5, scaleTarget: 10 };
    const [code, spec, err] = await specOf(asked, ON_KNATIVE);
    expect([code, spec['autoscaling']]).toEqual([
      1,
      { minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 80 },
    ]);
    expect(err).toMatch(/not converted: spec\.predictor\.minReplicas: .*scaled to zero/);
    expect(err).toMatch(/not converted: spec\.predictor\.scaleTarget: scaling by concurrency needs Knative/);
    expect(err).toMatch(/to check: spec\.predictor: .*serving\.resources\.requests\.cpu/);
  });

  test.each([
    ['absent', {}],
    ['0', { maxReplicas: 0 }],
    ['absent, with a target', { scaleTarget: 10 }],
  ])(
    'that Knative scales without a limit (maxReplicas is %s) are a number, and it is said',
    async (_, more) => {
      const [code, spec, err] = await specOf({ minReplicas: 2, ...more }, ON_KNATIVE);
      expect([code, spec]).toEqual([1, expect.objectContaining({ replicas: 2 })]);
      expect(spec['autoscaling']).toBeUndefined();
      expect(err).toMatch(/not converted: spec\.predictor\.maxReplicas: .* 2 pods: set maxReplicas/);
      expect((await specOf({ minReplicas: 2, maxReplicas: 0 }))[0]).toBe(0);
    },
  );

  test('that are scaled by memory are so here', async () => {
    const [code, spec] = await specOf({
      minReplicas: 1,
      maxReplicas: 2,
      scaleMetric: 'memory',
      scaleTarget: 60,
    });
    expect([code, spec['autoscaling']]).toEqual([
      0,
      { minReplicas: 1, maxReplicas: 2, targetMemoryUtilizationPercentage: 60 },
    ]);
  });

  test('with a GPU run the graph on it', async () => {
    const resources = { limits: { 'nvidia.com/gpu': '1' } };
    const [code, spec] = await specOf({ model: { ...ONNX, resources } });
    expect([code, spec['serving']]).toEqual([0, { resources, executionProvider: 'cuda' }]);
  });

  test('whose settings a ModelDeployment would refuse go without them', async () => {
    const [code, spec, err] = await specOf({
      nodeSelector: { disk: 'a value with spaces' },
      priorityClassName: 'high',
    });
    expect([code, spec['serving']]).toEqual([1, { pod: { priorityClassName: 'high' } }]);
    expect(err).toMatch(/not converted: spec\.predictor\.nodeSelector: disk: /);
  });
});

test.each([
  ['canaryTrafficPercent', { canaryTrafficPercent: 150 }, '150 is no share from 0 to 100'],
  ['canaryTrafficPercent', { canaryTrafficPercent: -1 }, '-1 is no share from 0 to 100'],
  ['batcher.maxLatency', { batcher: { maxBatchSize: 8, maxLatency: 50 } }, 'nothing waits for more'],
  ['batcher.timeout', { batcher: { timeout: 60 } }, 'a pod refuses what would wait too long'],
])('%s of %j is said to be dropped', async (field, predictor, why) => {
  const { code, err, deployments } = await run(service({ model: ONNX, ...predictor }));
  expect([code, deployments.length]).toEqual([1, 1]);
  expect(deployments[0]?.spec).not.toHaveProperty('rollout');
  expect(err).toMatch(
    new RegExp(`: not converted: spec\\.predictor\\.${field.replace('.', '\\.')}: .*${why}`),
  );
});

test('whatever else stands in it is named, wherever it stands', async () => {
  const places = fc.constantFrom(
    ['spec'],
    ['spec', 'predictor'],
    ['spec', 'predictor', 'model'],
    ['spec', 'predictor', 'batcher'],
    ['spec', 'predictor', 'model', 'resources'],
  );
  const field = fc.stringMatching(/^new[A-Z][a-z]{1,6}$/);
  await fc.assert(
    fc.asyncProperty(places, field, async (place, name) => {
      const object = {
        spec: {
          predictor: {
            batcher: { maxBatchSize: 8 },
            model: { ...ONNX, resources: { requests: { cpu: 1 } } },
          },
        },
      };
      let at: Record<string, unknown> = object;
      for (const part of place) at = at[part] as Record<string, unknown>;
      at[name] = { some: 'thing' };
      const { code, err } = await run(service(object.spec.predictor, object.spec));
      expect([code, err]).toEqual([
        1,
        expect.stringContaining(`not converted: ${[...place, name].join('.')}: `),
      ]);
    }),
    { numRuns: 40 },
  );
});
