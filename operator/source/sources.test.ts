import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import {
  formatResolveLog,
  MlflowServerPool,
  ResolutionCache,
  S3StorePool,
  type Resolution,
} from '#artifact/index.ts';
import { KubeError, type Kube } from '#operator/kube/index.ts';
import { resolvedSource, spec } from '#operator/model-deployment/testing/fixtures.ts';
import { MemoryCluster } from '#operator/model-deployment/testing/memory-cluster.ts';
import { createSources, type Sources } from './sources.ts';
import type { SourceRequest } from './state.ts';

const cluster = new MemoryCluster(Date.now);
let sources: Sources | undefined;
afterEach(() => sources?.close());

/** Sources over this cluster; the log of a Job's pod is what `podLog` gives. */
function create(podLog: Kube['podLog'] = async () => ''): {
  readonly sources: Sources;
  readonly changes: string[];
} {
  const changes: string[] = [];
  sources = createSources({
    kube: { ...cluster.kube, podLog },
    stores: new S3StorePool({}),
    mlflow: new MlflowServerPool({}),
    cache: new ResolutionCache(),
    onChange: (key) => void changes.push(key),
    retry: { firstMs: 10, mostMs: 40 },
  });
  return { sources, changes };
}

function request(more: Partial<SourceRequest> = {}): SourceRequest {
  return {
    modelDeploymentUid: 'md-1',
    name: 'churn',
    namespace: 'models',
    specHash: 'v1:a',
    model: spec().model,
    memoryLimitBytes: undefined,
    reader: { by: 'job' },
    following: undefined,
    ...more,
  };
}

const finished = (uid: string) => ({ uid, succeeded: true, podName: `pod-${uid}`, failure: undefined });

function resolution(): Resolution {
  const { artifact } = resolvedSource('1');
  return {
    artifact,
    graph: {
      inputs: [{ name: 'x', type: 'float32', shape: null }],
      outputs: [{ name: 'y', type: 'float32', shape: [null, 1] }],
      opsets: { '': 21 },
      irVersion: 10,
      producer: 'test',
      nodes: 1,
      estimatedMemoryBytes: 1e8,
    },
    marker: 'm1',
  };
}

test('a Secret that does not exist is told with its name, tried again, and never asked for after it is not wanted', async () => {
  const { sources, changes } = create();
  sources.ensure(request({ reader: { by: 'secret', secretName: 'absent' } }));
  expect(sources.state('md-1', 'v1:a').state).toBe('pending');
  await expect
    .poll(() => sources.state('md-1', 'v1:a'))
    .toMatchObject({
      state: 'failed',
      failure: {
        reason: 'AccessDenied',
        message: expect.stringContaining('There is no Secret models/absent') as string,
      },
    });
  const told = changes.length;
  await expect.poll(() => changes.length).toBeGreaterThan(told + 1);
  sources.forget('md-1');
  expect(sources.state('md-1', 'v1:a')).toEqual({ state: 'idle' });
  const after = changes.length;
  await sleep(100);
  expect(changes.length).toBe(after);
});

test('an API server that does not answer is an outage, not a missing Secret', async () => {
  const { sources } = create();
  const failing = createSources({
    kube: { ...cluster.kube, get: async () => Promise.reject(new KubeError('transient', 'no answer')) },
    stores: new S3StorePool({}),
    mlflow: new MlflowServerPool({}),
    cache: new ResolutionCache(),
    onChange: () => undefined,
  });
  failing.ensure(request({ reader: { by: 'secret', secretName: 's3' } }));
  await expect
    .poll(() => failing.state('md-1', 'v1:a'))
    .toMatchObject({
      state: 'failed',
      failure: { reason: 'SourceUnavailable', transient: true },
    });
  failing.close();
  expect(sources.state('md-1', 'v1:a')).toEqual({ state: 'idle' });
});

test('what a Job found is read from its pod’s log, once', async () => {
  let reads = 0;
  const { sources } = create(async () => {
    reads += 1;
    return `{"level":"info"}\n${formatResolveLog({ kind: 'resolved', resolution: resolution() })}\n`;
  });
  sources.ensure(request());
  expect(sources.state('md-1', 'v1:a').state).toBe('pending');
  sources.ensure(request({ reader: { by: 'job', finished: finished('job-1') } }));
  sources.ensure(request({ reader: { by: 'job', finished: finished('job-1') } }));
  await expect
    .poll(() => sources.state('md-1', 'v1:a'))
    .toMatchObject({
      state: 'resolved',
      source: {
        artifact: { sha256: resolution().artifact.sha256 },
        marker: 'm1',
        model: { inputs: [{ name: 'x', shape: [], required: true }] },
      },
    });
  sources.ensure(request({ reader: { by: 'job', finished: finished('job-1') } }));
  expect(reads).toBe(1);
});

test('what a Job says of its failure is the failure; a Job that says nothing is told by its pod, or tried again', async () => {
  const failure = { reason: 'AccessDenied' as const, message: 'the role may not read s3://models/churn/1/' };
  const { sources } = create(async ({ name }) => {
    if (name === 'pod-said') return formatResolveLog({ kind: 'failed', failure });
    throw new KubeError('invalid', 'container "resolve" is waiting to start');
  });
  sources.ensure(request({ reader: { by: 'job', finished: finished('said') } }));
  await expect.poll(() => sources.state('md-1', 'v1:a')).toMatchObject({ failure });
  const unscheduled = { reason: 'Unschedulable' as const, message: 'No node can hold pod x' };
  sources.ensure(
    request({
      specHash: 'v1:b',
      reader: { by: 'job', finished: { ...finished('mute'), failure: unscheduled } },
    }),
  );
  await expect.poll(() => sources.state('md-1', 'v1:b')).toMatchObject({ failure: unscheduled });
  sources.ensure(request({ specHash: 'v1:c', reader: { by: 'job', finished: finished('mute') } }));
  await expect
    .poll(() => sources.state('md-1', 'v1:c'))
    .toMatchObject({ failure: { reason: 'SourceUnavailable' } });
});

test('another spec has another source, and what was found for the old one is not its', async () => {
  const { sources } = create(async () => formatResolveLog({ kind: 'resolved', resolution: resolution() }));
  sources.ensure(request({ reader: { by: 'job', finished: finished('job-1') } }));
  await expect.poll(() => sources.state('md-1', 'v1:a').state).toBe('resolved');
  expect(sources.state('md-1', 'v1:b')).toEqual({ state: 'idle' });
  sources.ensure(request({ specHash: 'v1:b' }));
  expect(sources.state('md-1', 'v1:a')).toEqual({ state: 'idle' });
  expect(sources.state('md-1', 'v1:b').state).toBe('pending');
});

test('a source that is only followed is looked at when its interval has passed', async () => {
  const { sources } = create(async () => formatResolveLog({ kind: 'resolved', resolution: resolution() }));
  const following = { artifact: resolution().artifact, marker: 'm0', intervalMs: 60 };
  sources.ensure(request({ following }));
  expect(sources.state('md-1', 'v1:a')).toEqual({ state: 'idle' });
  await sleep(30);
  expect(sources.state('md-1', 'v1:a')).toEqual({ state: 'idle' });
  await expect.poll(() => sources.state('md-1', 'v1:a').state).toBe('pending');
  sources.ensure(request({ following, reader: { by: 'job', finished: finished('job-1') } }));
  await expect.poll(() => sources.state('md-1', 'v1:a').state).toBe('resolved');
});

test('a model that describes itself at more length than a revision holds is refused with both sizes', async () => {
  const wide = {
    ...resolution(),
    graph: {
      ...resolution().graph,
      inputs: Array.from({ length: 1000 }, (_, i) => ({
        name: `${'n'.repeat(240)}${i}`,
        type: 'float32' as const,
        shape: [null, 1],
      })),
    },
  };
  const { sources } = create(async () => formatResolveLog({ kind: 'resolved', resolution: wide }));
  sources.ensure(request({ reader: { by: 'job', finished: finished('job-1') } }));
  await expect
    .poll(() => sources.state('md-1', 'v1:a'))
    .toMatchObject({
      failure: {
        reason: 'InvalidManifest',
        message: expect.stringContaining('a ModelRevision holds 204800') as string,
      },
    });
});
