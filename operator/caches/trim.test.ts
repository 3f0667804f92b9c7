import { expect, it } from 'vitest';
import type { Pod } from '#operator/kube/index.ts';
import { trimMetadata, trimPod } from './trim.ts';

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
