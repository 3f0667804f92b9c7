import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModelRollback } from '#operator/api/objects.ts';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { describeOnCluster } from './support.ts';

describeOnCluster('lifecycle', (space) => {
  const uris: string[] = [];

  beforeAll(async () => {
    for (const version of ['1', '2', '3']) {
      const files = linearBundle({ version, weight: Number(version) });
      uris.push(await space().store.putBundle(`${space().name}/${version}/`, files));
    }
  });

  const uri = (version: number): string => uris[version - 1] ?? '';
  const predicted = async (deployment: TestDeployment): Promise<unknown> =>
    (await deployment.predict({ x: 3, y: 1 })).body;
  const answerOf = (version: number) => ({ prediction: version * 3 + 1, model_version: String(version) });

  async function atVersion(deployment: TestDeployment, version: number): Promise<void> {
    await deployment.until(
      `at version ${version}`,
      ({ status }, condition) =>
        status?.modelVersion === String(version) && condition('Available')?.status === 'True',
    );
    expect((await deployment.answer({ x: 3, y: 1 })).body).toEqual(answerOf(version));
  }

  async function deployed(name: string, ...versions: readonly number[]): Promise<TestDeployment> {
    const deployment = space().deployment(name);
    for (const version of versions) {
      await deployment.apply({ model: { uri: uri(version) } });
      await atVersion(deployment, version);
    }
    return deployment;
  }

  const rollback = (name: string) => space().get<ModelRollback>('modelrollback', name);
  async function rollbackState(name: string, state: string): Promise<ModelRollback> {
    const end = performance.now() + 30_000;
    for (;;) {
      const object = await rollback(name);
      if (object.status?.state === state) return object;
      if (performance.now() > end)
        throw new Error(`${name} is not ${state}: ${JSON.stringify(object.status)}`);
      await sleep(100);
    }
  }

  describe('undo', () => {
    test('goes to the revision before, stands against re-applying the same spec, and ends with the next one', async () => {
      const deployment = await deployed('undone', 1, 2);
      const name = await deployment.undo({ reason: 'too many complaints' });
      await atVersion(deployment, 1);
      const message = await deployment.notReady('RolledBack');
      expect(message).toMatch(/undone-[0-9a-f]{10}.*undone-[0-9a-f]{10}/s);
      await deployment.apply({ model: { uri: uri(2) } });
      await sleep(2000);
      expect(await predicted(deployment)).toEqual(answerOf(1));
      await deployment.apply({ model: { uri: uri(3) } });
      await atVersion(deployment, 3);
      await deployment.ready();
      await rollbackState(name, 'Superseded');
    });

    test('by number reaches a retired revision', async () => {
      const deployment = await deployed('far', 1, 2, 3);
      await deployment.apply({ model: { uri: uri(3) }, history: { warm: 0 } });
      await deployment.until('Ready', (_, condition) => condition('Ready')?.status === 'True');
      await deployment.undo({ toRevision: 1 });
      await atVersion(deployment, 1);
    });

    test('deleted while it is active resumes the spec', async () => {
      const deployment = await deployed('resumed', 1, 2);
      const name = await deployment.undo();
      await atVersion(deployment, 1);
      await space().kubectl('delete', 'modelrollback', name);
      await atVersion(deployment, 2);
      await deployment.ready();
    });

    test.each([
      ['of a number that was never given', { toRevision: 77 }, /77/],
      ['of a name that does not exist', { toRevision: 'invalid-0000000000' }, /invalid-0000000000/],
    ])('%s is Invalid, says so, and changes nothing', async (_, spec, message) => {
      const deployment = await deployed('invalid', 1);
      const name = await deployment.undo(spec);
      expect((await rollbackState(name, 'Invalid')).status?.message).toMatch(message);
      await deployment.ready();
      expect(await predicted(deployment)).toEqual(answerOf(1));
    });

    test('to a revision of another ModelDeployment is Invalid', async () => {
      const other = await deployed('other', 2);
      const deployment = await deployed('mine', 1);
      const name = await deployment.undo({ toRevision: (await other.get()).status?.stableRevision ?? '' });
      expect((await rollbackState(name, 'Invalid')).status?.message).toMatch(/other/);
      expect(await predicted(deployment)).toEqual(answerOf(1));
    });

    test('made for a ModelDeployment that is made again does not bind the new one', async () => {
      const deployment = await deployed('again', 1, 2);
      const name = await deployment.undo();
      await atVersion(deployment, 1);
      const old = await rollback(name);
      await space().kubectl('delete', 'modeldeployment', 'again', '--cascade=foreground');
      await deployed('again', 2);
      await space().apply({
        apiVersion: old.apiVersion,
        kind: old.kind,
        metadata: {
          name: 'restored',
          namespace: space().name,
          ownerReferences: old.metadata.ownerReferences,
        },
        spec: old.spec,
      });
      await sleep(3000);
      expect(await predicted(deployment)).toEqual(answerOf(2));
    });
  });

  describe('deletion', () => {
    const leftOvers = (name: string) =>
      space().kubectl(
        'get',
        'deployments,services,configmaps,poddisruptionbudgets,pods,modelrevisions',
        `--selector=windlass.dev/model-deployment=${name}`,
        '--output=name',
      );

    async function untilNothingIsLeft(name: string): Promise<void> {
      const end = performance.now() + 60_000;
      while ((await leftOvers(name)) !== '') {
        if (performance.now() > end) throw new Error(`left of ${name}: ${await leftOvers(name)}`);
        await sleep(500);
      }
    }

    test.each(['background', 'foreground'])('%s leaves nothing', async (cascade) => {
      await deployed(`deleted-${cascade}`, 1);
      await space().kubectl('delete', 'modeldeployment', `deleted-${cascade}`, `--cascade=${cascade}`);
      await untilNothingIsLeft(`deleted-${cascade}`);
    });

    test('in the middle of a rollout leaves nothing', async () => {
      const deployment = await deployed('midway', 1);
      await deployment.apply({
        model: { uri: uri(2) },
        serving: { resources: { requests: { cpu: '500' } } },
      });
      await deployment.notReady('Unschedulable');
      await space().kubectl('delete', 'modeldeployment', 'midway', '--cascade=foreground');
      await untilNothingIsLeft('midway');
    });

    test('with orphans leaves what serves, and the next one of that name does not adopt it', async () => {
      const deployment = await deployed('orphan', 1);
      const address = await deployment.url('/predict');
      await space().kubectl('delete', 'modeldeployment', 'orphan', '--cascade=orphan');
      await sleep(1000);
      const answer = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"x":3,"y":1}',
      });
      expect(await answer.json()).toEqual(answerOf(1));
      await deployment.apply({ model: { uri: uri(2) } });
      expect(await deployment.notReady('ForeignObject')).toMatch(/orphan/);
      expect(await predicted(deployment)).toEqual(answerOf(1));
    });
  });

  describe('objects that are not ours', () => {
    test.each(['Service', 'Deployment'])('a %s of that name is named, and left as it is', async (kind) => {
      const name = `taken-${kind.toLowerCase()}`;
      const deployment = space().deployment(name);
      const labels = { app: 'somebody-else' };
      if (kind === 'Deployment') {
        // A revision's Deployment has the revision's name, so the name is known only after a first apply.
        await deployment.apply({ model: { uri: uri(1) } });
        await atVersion(deployment, 1);
        const { status } = await deployment.get();
        await space().kubectl('delete', 'modeldeployment', name, '--cascade=foreground');
        await foreign(kind, status?.stableRevision ?? '', labels);
      } else {
        await foreign(kind, name, labels);
      }
      await deployment.apply({ model: { uri: uri(1) } });
      expect(await deployment.notReady('ForeignObject')).toMatch(new RegExp(`${kind}.*${name}`));
      const selector = await space().kubectl('get', kind, '-o', 'jsonpath={.items[*].spec.selector}');
      expect(selector).toContain('somebody-else');
      await space().kubectl('delete', 'modeldeployment', name);
    });

    async function foreign(
      kind: string,
      name: string,
      labels: Readonly<Record<string, string>>,
    ): Promise<void> {
      const spec =
        kind === 'Service'
          ? { selector: labels, ports: [{ port: 80 }] }
          : {
              replicas: 0,
              selector: { matchLabels: labels },
              template: {
                metadata: { labels },
                spec: { containers: [{ name: 'other', image: 'localhost/other:1' }] },
              },
            };
      await space().apply({
        apiVersion: kind === 'Service' ? 'v1' : 'apps/v1',
        kind,
        metadata: { name, namespace: space().name },
        spec,
      });
    }
  });

  describe('what may be lost', () => {
    test('every status: the same revisions, numbers and pods are found again', async () => {
      const deployment = await deployed('lost', 1, 2);
      const before = await deployment.ready();
      const pods = await space().kubectl(
        'get',
        'pods',
        '-l',
        'windlass.dev/model-deployment=lost',
        '-o',
        'name',
      );
      await space().kubectl(
        'patch',
        'modeldeployment',
        'lost',
        '--subresource=status',
        '--type=json',
        '--patch=[{"op":"remove","path":"/status"}]',
      );
      for (const revision of await deployment.revisions()) {
        await space().kubectl(
          'patch',
          'modelrevision',
          revision.metadata.name,
          '--subresource=status',
          '--type=json',
          '--patch=[{"op":"remove","path":"/status"}]',
        );
      }
      const after = await deployment.ready();
      expect(after.status?.stableRevision).toBe(before.status?.stableRevision);
      expect(after.status?.revision).toBe(before.status?.revision);
      expect(await deployment.revisions()).toHaveLength(2);
      expect(
        await space().kubectl('get', 'pods', '-l', 'windlass.dev/model-deployment=lost', '-o', 'name'),
      ).toBe(pods);
    });

    test('a child: it is made again', async () => {
      const deployment = await deployed('child', 1);
      await space().kubectl('delete', 'service', 'child');
      await sleep(500);
      await atVersion(deployment, 1);
      await space().kubectl('delete', 'poddisruptionbudget', '-l', 'windlass.dev/model-deployment=child');
      await space().kubectl('delete', 'configmap', 'child-traffic');
      const end = performance.now() + 20_000;
      for (;;) {
        const found = await space().kubectl(
          'get',
          'poddisruptionbudgets,configmaps',
          '--selector=windlass.dev/model-deployment=child',
          '--output=name',
        );
        if (found.trim().split('\n').length === 2) break;
        if (performance.now() > end) throw new Error(`only these came back: ${found}`);
        await sleep(200);
      }
    });
  });

  test('scaled to zero is told, and scaled up again serves', async () => {
    const deployment = await deployed('zero', 1);
    await space().kubectl('scale', 'modeldeployment', 'zero', '--replicas=0');
    const scaled = await deployment.until(
      'scaled to zero',
      (_, condition) => condition('Available')?.reason === 'ScaledToZero',
    );
    expect(scaled.status?.conditions?.find(({ type }) => type === 'Available')?.status).toBe('False');
    await space().kubectl('scale', 'modeldeployment', 'zero', '--replicas=1');
    await deployment.ready();
    expect(await predicted(deployment)).toEqual(answerOf(1));
  });

  test('a followed prefix with new bytes is a new revision, and the same bytes are none', async () => {
    const prefix = `${space().name}/followed/`;
    const followed = await space().store.putBundle(prefix, linearBundle({ version: '1', weight: 1 }));
    const deployment = space().deployment('follower');
    await deployment.apply({ model: { uri: followed, refreshInterval: '1s' } });
    await atVersion(deployment, 1);
    await space().store.putBundle(prefix, linearBundle({ version: '1', weight: 1 }));
    await sleep(4000);
    expect(await deployment.revisions()).toHaveLength(1);
    await space().store.putBundle(prefix, linearBundle({ version: '2', weight: 2 }));
    await atVersion(deployment, 2);
  });
});
