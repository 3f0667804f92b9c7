import { expect, test } from 'vitest';
import type { Deployment } from '#operator/kube/index.ts';
import { seenFailure, wantsRoom } from './failures.ts';
import { pod, type PodState } from './testing/fixtures.ts';

const unschedulable = (message: string): PodState => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
});

const ROWS: readonly (readonly [string, PodState, string, boolean, string])[] = [
  [
    'an init container killed for memory',
    { init: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } },
    'OutOfMemory',
    true,
    'The container pull of pod p was killed for memory: it has no memory limit, so the node ran out.',
  ],
  [
    'a server killed at its memory limit',
    { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } }, restartCount: 1 } },
    'OutOfMemory',
    true,
    'its memory limit is 1Gi. Raise serving.resources.limits.memory',
  ],
  [
    'what the program says of itself',
    {
      init: {
        state: {
          terminated: {
            exitCode: 1,
            message: '{"reason":"DigestMismatch","message":"model.onnx has other bytes."}',
          },
        },
      },
    },
    'DigestMismatch',
    true,
    'model.onnx has other bytes.',
  ],
  [
    'a pull that may work later',
    {
      init: {
        lastState: {
          terminated: { exitCode: 1, message: '{"reason":"PullFailed","message":"the store hangs up."}' },
        },
      },
    },
    'PullFailed',
    false,
    'the store hangs up.',
  ],
  [
    'an image that cannot be pulled',
    {
      main: {
        state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "runtime:1"' } },
      },
    },
    'ImagePullFailed',
    false,
    'The image runtime:1 of container serve of pod p cannot be pulled: Back-off',
  ],
  [
    'a name that is no image',
    { main: { state: { waiting: { reason: 'InvalidImageName', message: 'couldn’t parse image name' } } } },
    'ImagePullFailed',
    false,
    'serving.pod.imagePullSecrets',
  ],
  [
    'a crash without a word of ours',
    {
      main: {
        lastState: { terminated: { exitCode: 139, reason: 'Error', message: 'trace\nsegfault' } },
        restartCount: 4,
      },
    },
    'CrashLoop',
    false,
    'ended with exit code 139 (Error; 4 restarts): segfault. See kubectl logs p -c serve --previous.',
  ],
  [
    'a container that cannot be made',
    {
      main: { state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } } },
    },
    'CrashLoop',
    false,
    'cannot start: secret "x" not found',
  ],
  [
    'a missing GPU',
    unschedulable('0/3 nodes are available: 3 Insufficient nvidia.com/gpu.'),
    'Unschedulable',
    false,
    'Add a node with a free GPU',
  ],
  [
    'a taint',
    unschedulable('0/1 nodes: 1 node(s) had untolerated taint {gpu: true}.'),
    'Unschedulable',
    false,
    'serving.pod.tolerations',
  ],
  [
    'a missing claim',
    unschedulable('persistentvolumeclaim "cache" not found'),
    'Unschedulable',
    false,
    'serving.cache names',
  ],
  [
    'too little memory',
    unschedulable('0/3 nodes: 3 Insufficient memory.'),
    'Unschedulable',
    false,
    'serving.resources.requests',
  ],
];

test.each(ROWS)('%s is named', (_, state, reason, final, text) => {
  const failure = seenFailure([pod('r', 'p', state)], undefined);
  expect(failure).toMatchObject({ reason, final });
  expect(failure?.message).toContain(text);
});

test('a pod that starts, and one that restarted and is ready again, show no failure', () => {
  const waiting: PodState = {
    init: { state: { running: {} } },
    main: { state: { waiting: { reason: 'PodInitializing' } } },
  };
  const recovered: PodState = {
    ready: true,
    main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
  };
  expect(seenFailure([pod('r', 'a', waiting), pod('r', 'b', recovered)], undefined)).toBeUndefined();
});

test('of two failures the final one speaks, and of two alike the first pod', () => {
  const crash: PodState = { main: { lastState: { terminated: { exitCode: 1 } } } };
  const killed: PodState = { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } };
  expect(seenFailure([pod('r', 'a', crash), pod('r', 'b', killed)], undefined)?.reason).toBe('OutOfMemory');
  expect(seenFailure([pod('r', 'b', crash), pod('r', 'a', crash)], undefined)?.message).toContain('pod a');
});

function refused(message: string): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'r' },
    spec: { selector: {}, template: { spec: { containers: [] } } },
    status: { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] },
  };
}

test('a quota that refuses pods is named, and a policy that does is not called a quota', () => {
  const quota = seenFailure(
    [],
    refused(
      'pods "r-x" is forbidden: exceeded quota: team, requested: memory=1Gi, used: memory=4Gi, limited: memory=4Gi',
    ),
  );
  expect(quota).toMatchObject({ reason: 'QuotaExceeded', final: false });
  expect(quota?.message).toContain('limited: memory=4Gi');
  expect(seenFailure([], refused('violates PodSecurity "restricted"'))?.reason).toBe('Unschedulable');
});

test('only a lack of room makes warm revisions give theirs up', () => {
  const failure = (message: string) => seenFailure([pod('r', 'p', unschedulable(message))], undefined);
  expect(wantsRoom(failure('0/3 nodes: 3 Insufficient cpu.'))).toBe(true);
  expect(wantsRoom(failure('untolerated taint'))).toBe(false);
  expect(wantsRoom(seenFailure([], refused('exceeded quota: team')))).toBe(true);
  expect(wantsRoom(undefined)).toBe(false);
});
