import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { Load, type LoadOptions } from '#test/support/load.ts';
import { describeOnCluster } from './support.ts';

/** 200 requests/s, and not one fails. */
describeOnCluster('traffic', (space) => {
  const uris: string[] = [];
  let served: TestDeployment;

  beforeAll(async () => {
    for (const version of ['1', '2']) {
      const files = linearBundle({ version, weight: Number(version) });
      uris.push(await space().store.putBundle(`${space().name}/${version}/`, files));
    }
  });

  let turn = 0;
  beforeEach(async () => {
    turn += 1;
    served = space().deployment(`served-${turn}`);
    await served.apply({ model: { uri: uris[0] ?? '' }, replicas: 2 });
    await served.ready();
    await served.answer({ x: 3, y: 1 });
  });
  afterEach(() => space().kubectl('delete', 'modeldeployment', served.name, '--wait=false'));

  async function load(connections: LoadOptions['connections'], ratePerSecond = 100): Promise<Load> {
    const url = await served.url('/predict');
    return new Load({ url, body: JSON.stringify({ x: 3, y: 1 }), ratePerSecond, connections });
  }

  async function expectNoFailure(...loads: readonly Load[]): Promise<void> {
    for (const report of await Promise.all(loads.map((each) => each.stop()))) {
      expect(report.failures).toEqual([]);
      expect(report.sent).toBeGreaterThan(100);
    }
  }

  const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'a new revision',
      async () => {
        await served.apply({ model: { uri: uris[1] ?? '' }, replicas: 2 });
        await served.until('at version 2', (deployment) => deployment.status?.modelVersion === '2');
        await sleep(2000);
      },
    ],
    [
      'a pod deleted every 5 s',
      async () => {
        for (let round = 0; round < 3; round += 1) {
          const pods = await space().kubectl(
            'get',
            'pods',
            '--output=name',
            '--field-selector=status.phase=Running',
            `--selector=windlass.dev/model-deployment=${served.name}`,
          );
          await space().kubectl('delete', '--wait=false', pods.split('\n')[0] ?? '');
          await sleep(5000);
        }
      },
    ],
    [
      'a scale from 4 to 1',
      async () => {
        await space().kubectl('scale', 'modeldeployment', served.name, '--replicas=4');
        await served.until('at four pods', (deployment) => deployment.status?.readyReplicas === 4);
        await space().kubectl('scale', 'modeldeployment', served.name, '--replicas=1');
        await served.until('at one pod', (deployment) => deployment.status?.replicas === 1);
        await sleep(8000);
      },
    ],
  ];

  describe('no request fails', () => {
    test.each(changes)('during %s', async (_, change) => {
      const loads = [await load('keptAlive'), await load('fresh')];
      await sleep(1000);
      await change();
      await expectNoFailure(...loads);
    });
  });

  test('undo to the warm revision moves every kept-alive client, and loses no request', async () => {
    await served.apply({ model: { uri: uris[1] ?? '' }, replicas: 2 });
    const deployment = await served.until('at version 2', ({ status }) => status?.modelVersion === '2');
    const undone = deployment.status?.stableRevision ?? '';
    const running = await load('keptAlive', 200);
    await sleep(2000);
    await served.undo({ reason: 'a test' });
    await served.until('back at version 1', ({ status }) => status?.modelVersion === '1');
    const newAnswers = async (): Promise<number> => {
      const before = running.answersOf(undone);
      await sleep(1000);
      return running.answersOf(undone) - before;
    };
    await expect.poll(newAnswers, { timeout: 30_000 }).toBe(0);
    const report = await running.stop();
    expect(report.failures).toEqual([]);
    expect(report.revisions.size).toBe(2);
  });
});
