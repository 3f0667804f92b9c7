import { expect, it } from 'vitest';
import type { Pod } from '#operator/kube/index.ts';
import { saysTheSame, trimMetadata, trimPod, trimStatus } from './trim.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a',
    namespace: 'ns',
    uid: 'u',
    resourceVersion: '5',
    labels: { app: 'a' },
    annotations: { 'windlass.dev/artifact': '{"long":true}', 'windlass.dev/traffic-generation': '3' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }],
    managedFields: [{ manager: 'kubelet' }],
  },
  spec: {
    nodeName: 'n',
    containers: [
      {
        name: 'server',
        image: 'i',
        env: [{ name: 'A', value: 'b' }],
        resources: { limits: { memory: '1Gi' } },
      },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    hostIP: '10.0.0.2',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'server',
        ready: true,
        restartCount: 0,
        image: 'i',
        imageID: 'sha256:long',
        state: { running: {} },
      },
    ],
  },
} as const satisfies Pod & { metadata: { managedFields: unknown } };

it('keeps of a pod what decisions read: identity, place, limits, addresses and the state of its containers', () => {
  expect(trimPod(pod)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'a',
      namespace: 'ns',
      uid: 'u',
      resourceVersion: '5',
      labels: { app: 'a' },
      annotations: { 'windlass.dev/traffic-generation': '3' },
      ownerReferences: pod.metadata.ownerReferences,
    },
    spec: {
      nodeName: 'n',
      containers: [{ name: 'server', image: 'i', resources: { limits: { memory: '1Gi' } } }],
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        { name: 'server', ready: true, restartCount: 0, image: 'i', state: { running: {} } },
      ],
    },
  });
});

it('leaves what it trimmed as it is when it is trimmed again', () => {
  expect(trimPod(trimPod(pod))).toEqual(trimPod(pod));
  expect(trimMetadata(trimMetadata(pod))).toEqual(trimMetadata(pod));
});

it('calls two states the same that differ in the version and in what was trimmed alone', () => {
  const budget = { ...pod, status: { disruptionsAllowed: 0 } };
  const written = {
    ...budget,
    metadata: { ...budget.metadata, resourceVersion: '6' },
    status: { disruptionsAllowed: 1 },
  };
  expect(saysTheSame(trimStatus(budget), trimStatus(written))).toBe(true);
  expect(saysTheSame(trimPod(pod), trimPod({ ...pod, status: { ...pod.status, phase: 'Failed' } }))).toBe(
    false,
  );
  const relabelled = { ...pod, metadata: { ...pod.metadata, labels: { app: 'b' } } };
  expect(saysTheSame(trimPod(pod), trimPod(relabelled))).toBe(false);
});
