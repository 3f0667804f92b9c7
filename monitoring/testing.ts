import { modelDeploymentSpecSchema, type ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { sha256 } from '#contract/canonical.ts';
import { classifierBundle, Folder, post, startServer } from '#runtime/testing.ts';

// What tests of queries look at: objects and pods that have something to say.

/** ModelDeployments that are in every state which some query asks for. */
export function modelDeployments(): readonly ModelDeployment[] {
  const condition = (type: string, status: 'True' | 'False', reason: string) => ({
    type,
    status,
    reason,
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const times = { since: '2026-01-01T00:00:00Z', startedAt: '2026-01-01T00:00:00Z' };
  const check = (state: 'Passing' | 'Waiting' | 'Failing') => ({ name: state, state, limit: '' });
  const statuses: readonly ModelDeploymentStatus[] = [
    {
      stableRevision: 'bank-1',
      replicas: 1,
      readyReplicas: 1,
      conditions: [
        condition('Ready', 'True', 'Serving'),
        condition('ModelResolved', 'False', 'SourceUnavailable'),
        condition('Drifted', 'True', 'Drifted'),
      ],
      retraining: {
        jobName: 'bank-0-retrain-0123456789',
        reason: 'drift',
        lastStarted: '2026-01-01T00:00:00Z',
        lastResult: 'Failed',
      },
      rollout: {
        phase: 'Step',
        ...times,
        checks: [check('Passing'), check('Waiting'), check('Failing')],
      },
    },
    {
      conditions: [
        condition('Ready', 'False', 'RolledBack'),
        condition('Available', 'False', 'Unavailable'),
        condition('Stalled', 'True', 'RolledBack'),
      ],
    },
  ];
  const spec = modelDeploymentSpecSchema.parse({ model: { uri: 's3://models/churn/3/' } });
  return statuses.map((status, index) => ({
    apiVersion: 'windlass.dev/v1alpha1',
    kind: 'ModelDeployment',
    metadata: { namespace: 'churn', name: `bank-${String(index)}` },
    spec,
    status,
  }));
}

/** A pod that knows what its training data looked like, and saw enough to say how far it has moved. */
export async function driftingPod(): Promise<AsyncDisposable & { readonly url: string }> {
  const reference = Buffer.from(
    JSON.stringify({
      formatVersion: 1,
      rows: 1000,
      features: {
        Age: { kind: 'numeric', edges: [18, 50, 100], counts: [500, 500], under: 0, over: 0, missing: 0 },
      },
    }),
  );
  const bundle = new Map(classifierBundle());
  const manifest = JSON.parse(String(Buffer.from(bundle.get('model.json') ?? []))) as {
    readonly files: Readonly<Record<string, object>>;
  };
  const listed = { 'reference.json': { sha256: sha256(reference), size: reference.byteLength } };
  bundle.set('reference.json', reference);
  bundle.set(
    'model.json',
    Buffer.from(
      JSON.stringify({ ...manifest, reference: 'reference.json', files: { ...manifest.files, ...listed } }),
    ),
  );
  const folder = await Folder.create(bundle);
  const server = await startServer(folder.path, { driftMinSamples: 200 });
  const customers = Array.from({ length: 50 }, (_, age) => ({ Age: 20 + age, Country: 'Spain' }));
  for (let batch = 0; batch < 5; batch++) await post(`${server.url}/predict_batch`, { customers });
  return {
    url: server.url,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}
