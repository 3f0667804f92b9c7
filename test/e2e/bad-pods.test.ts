import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Namespace } from '#test/bed/namespace.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { describeOnCluster, expectCandidateRefused } from './support.ts';

/** Candidates whose pods cannot come up: Ready names the cause, the candidate ends, and what served serves on. */
describeOnCluster('bad-pods', (space) => {
  let namespace: Namespace;
  let served: TestDeployment;
  let good: SpecInput;
  let revision: string | null;

  beforeAll(async () => {
    namespace = space();
    good = { model: { uri: await namespace.store.putBundle(`${namespace.name}/good/`, linearBundle()) } };
  });

  let turn = 0;
  beforeEach(async () => {
    turn += 1;
    served = namespace.deployment(`served-${turn}`);
    await served.apply(good);
    await served.ready();
    revision = (await served.answer({ x: 3, y: 1 })).revision;
  });
  afterEach(() => namespace.kubectl('delete', 'modeldeployment', served.name, '--wait=false'));

  const expectRefused = (spec: SpecInput, reason: string, ...message: readonly RegExp[]): Promise<void> =>
    expectCandidateRefused({ served, revision }, spec, reason, ...message);

  describe('a candidate that', () => {
    test('has an image that nobody has', () =>
      expectRefused(
        { ...good, serving: { image: 'localhost/windlass/absent:1' } },
        'ImagePullFailed',
        /windlass\/absent:1/,
      ));
    test('fits on no node', () =>
      expectRefused(
        { ...good, serving: { resources: { requests: { cpu: '500' } } } },
        'Unschedulable',
        /cpu/i,
      ));
    test('asks for a GPU that no node has', () =>
      expectRefused(
        { ...good, serving: { executionProvider: 'cuda', resources: { limits: { 'nvidia.com/gpu': 1 } } } },
        'Unschedulable',
        /nvidia\.com\/gpu/,
      ));
    test('is refused by a quota', async () => {
      await namespace.apply({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'tight', namespace: namespace.name },
        spec: { hard: { 'requests.cpu': '2' } },
      });
      try {
        await expectRefused(
          { ...good, serving: { resources: { requests: { cpu: '3' } } } },
          'QuotaExceeded',
          /tight/,
          /requests\.cpu/,
        );
      } finally {
        await namespace.kubectl('delete', 'resourcequota', 'tight');
      }
    });
    test('needs more memory than its limit', async () => {
      const uri = await namespace.store.putBundle(
        `${namespace.name}/big/`,
        linearBundle({ version: 'big', ballastMiB: 192 }),
      );
      await expectRefused(
        {
          model: { uri },
          serving: { resources: { requests: { memory: '128Mi' }, limits: { memory: '160Mi' } } },
        },
        'OutOfMemory',
        /160 ?Mi/,
        /serving\.resources\.limits\.memory/,
      );
    });
    test('does not give the golden answers', async () => {
      const uri = await namespace.store.putBundle(
        `${namespace.name}/wrong/`,
        linearBundle({ version: 'wrong', wrongGolden: true }),
      );
      await expectRefused({ model: { uri } }, 'CheckFailed', /golden/i, /value/, /8/, /7/);
    });
    test('is not ready by its deadline', async () => {
      await served.apply({
        ...good,
        serving: { resources: { requests: { cpu: '500' } } },
        rollout: { progressDeadline: '5s' },
      });
      const deployment = await served.until(
        'Stalled',
        (_, condition) => condition('Stalled')?.status === 'True',
      );
      const ready = deployment.status?.conditions?.find((condition) => condition.type === 'Ready');
      expect(ready?.message).toMatch(/5s/);
      expect(await served.predict({ x: 3, y: 1 })).toMatchObject({ status: 200, revision });
      const states = (await served.revisions()).map((each) => each.status?.state ?? '');
      expect(states.toSorted()).toEqual(['Rejected', 'Stable']);
    });
  });

  test('bytes that change between the check and the pull are refused by digest', async () => {
    // The check has run for the first apply; the pods of the second one, alike but for its serving settings, find other bytes.
    const prefix = `${namespace.name}/moving/`;
    const uri = await namespace.store.putBundle(prefix, linearBundle({ version: 'moving', ballastMiB: 1 }));
    await served.apply({ model: { uri } });
    await served.ready();
    revision = (await served.answer({ x: 3, y: 1 })).revision;
    const other = linearBundle({ version: 'moving', weight: 5, ballastMiB: 1 });
    await namespace.store.put(`${prefix}model.onnx`, other.get('model.onnx') ?? '');
    const pods = await namespace.list<{ metadata: { name: string } }>(
      'pods',
      `windlass.dev/model-deployment=${served.name},windlass.dev/revision=${revision}`,
    );
    expect(pods).toHaveLength(1);
    await served.apply({ model: { uri }, replicas: 2 });
    await served.until('at two pods', (deployment) => deployment.status?.readyReplicas === 2);
    // The second pod was given the right bytes by the first one, by digest.
    expect(await served.predict({ x: 3, y: 1 })).toMatchObject({
      status: 200,
      revision,
      body: { prediction: 7 },
    });
  });
});
