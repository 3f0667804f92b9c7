import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { condition, deployment, revision, revisionName } from '#cli/testing.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import type { PluginOutcome } from '#test/support/plugin.ts';
import { openCliRoom, type CliRoom } from './cli-room.ts';

let room: CliRoom;

beforeAll(async () => {
  room = await openCliRoom();
});
afterAll(() => room?.close());

const windlass = (args: readonly string[], onOutput?: (out: string) => void): Promise<PluginOutcome> =>
  room.windlass(args, onOutput);

const ready = condition('Ready', 'True', 'Serving', 'Revision 2 (model 1.2.0) serves on 2 of 2 pods.');
const available = condition('Available', 'True');

/** Two revisions, the second of which serves. */
async function serving(): Promise<void> {
  await room.clear();
  await room.apply(
    deployment({
      observedGeneration: 1,
      conditions: [ready, available],
      stableRevision: revisionName(2),
      revision: 2,
      modelVersion: '1.2.0',
      specHash: 'v1-abc',
    }),
    revision(1, 'Warm'),
    revision(2, 'Stable'),
  );
}

describe('kubectl windlass against a real API server', () => {
  beforeAll(serving);

  it('shows the tree of a ModelDeployment and ends with 0 when it is ready', async () => {
    const { code, out } = await windlass(['status', 'bankchurn', '-n', 'churn']);
    expect(out).toContain('bankchurn (namespace churn): Ready, revision 2 serves');
    expect(out).toContain('Serving: Revision 2 (model 1.2.0) serves on 2 of 2 pods.');
    expect(code).toBe(0);
  });

  it('lists all of a namespace, and every namespace with -A', async () => {
    const { out } = await windlass(['status', '-A']);
    expect(out).toMatch(/churn +bankchurn +Ready +2 +1\.2\.0/);
    expect(await windlass(['status', '-n', 'default'])).toMatchObject({
      code: 0,
      err: 'No ModelDeployment in namespace default.\n',
    });
  });

  it('prints JSON that a script can read', async () => {
    const { out } = await windlass(['history', 'bankchurn', '-n', 'churn', '-o', 'json']);
    const { revisions } = JSON.parse(out) as { revisions: { status: { revision: number } }[] };
    expect(revisions.map((it) => it.status.revision)).toEqual([2, 1]);
  });

  it('compares two revisions', async () => {
    const { code, out } = await windlass(['diff', 'bankchurn', '-n', 'churn']);
    expect(out).toContain('revision 1 -> revision 2');
    expect(out).toContain('~ version   1.1.0 -> 1.2.0');
    expect(code).toBe(0);
  });

  it('names the ModelDeployments there are when one is not there, and ends with 3', async () => {
    const { code, err } = await windlass(['status', 'churn', '-n', 'churn']);
    expect(err).toBe(
      'error: there is no ModelDeployment churn in namespace churn\n       there are: bankchurn\n',
    );
    expect(code).toBe(3);
  });

  it('says that a model has never served when there is no Service to ask', async () => {
    const { code, err } = await windlass(['predict', 'bankchurn', '-n', 'churn', '-d', '{"x": 1}']);
    expect(err).toContain('error: bankchurn has never served');
    expect(code).toBe(1);
  });

  it('ends with 2 for wrong usage', async () => {
    expect((await windlass(['undo'])).code).toBe(2);
    expect((await windlass(['status', '--timeout=soon'])).code).toBe(2);
    expect((await windlass(['predict', 'bankchurn', '-d', '{x'])).code).toBe(2);
  });

  it('says what to do when the API server cannot be reached', async () => {
    const kubeconfig = join(room.folder, 'nowhere');
    const cluster = { server: 'https://127.0.0.1:1' };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(kubeconfig, JSON.stringify(config));
    const { code, err } = await windlass(['status', '--kubeconfig', kubeconfig]);
    expect(err).toContain('ECONNREFUSED');
    expect(err).toContain('is this the right --context?');
    expect(code).toBe(1);
    expect((await windlass(['status', '--kubeconfig', join(room.folder, 'absent')])).err).toContain(
      'no cluster to talk to',
    );
  });

  it('completes the names of the cluster for kubectl', async () => {
    const { out } = await windlass(['__complete', 'undo', 'bankchurn', '-n', 'churn', '--to-revision', '']);
    expect(out).toBe('2\tStable, model 1.2.0\n1\tWarm, model 1.1.0\n:4\n');
    expect((await windlass(['__complete', 'status', '-n', 'churn', 'b'])).out).toBe(
      'bankchurn\tmodel 1.2.0\n:4\n',
    );
  });
});

describe('status --watch', () => {
  it('follows until the model is ready, printing lines that changed', async () => {
    await serving();
    await room.setStatus('ModelDeployment', 'bankchurn', {
      conditions: [
        condition('Ready', 'False', 'Starting', 'Revision 2 starts.'),
        condition('Reconciling', 'True'),
      ],
    });
    const shown = Promise.withResolvers<void>();
    const watching = windlass(['status', 'bankchurn', '-n', 'churn', '--watch', '--timeout=60s'], (out) => {
      if (out.includes('Revision 2 starts.')) shown.resolve();
    });
    await Promise.race([shown.promise, watching]);
    await room.setStatus('ModelDeployment', 'bankchurn', { conditions: [ready, available] });
    const { code, out } = await watching;
    expect(out).toContain('Starting: Revision 2 starts.');
    expect(out).toContain('Serving: Revision 2');
    expect(out.match(/Revision 2 starts/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  it('ends with 4 when it is stalled and with 5 when the time is up', async () => {
    const starting = condition('Ready', 'False', 'Starting', 'Revision 2 starts.');
    await room.setStatus('ModelDeployment', 'bankchurn', {
      conditions: [starting, condition('Reconciling', 'True')],
    });
    const late = await windlass(['status', 'bankchurn', '-n', 'churn', '--watch', '--timeout=2s']);
    expect(late.err).toContain('not within 2 s');
    expect(late.code).toBe(5);
    await room.setStatus('ModelDeployment', 'bankchurn', {
      conditions: [starting, condition('Stalled', 'True')],
    });
    expect((await windlass(['status', 'bankchurn', '-n', 'churn', '--watch'])).code).toBe(4);
  });
});

describe('undo', () => {
  const undo = (...args: readonly string[]) => windlass(['undo', 'bankchurn', '-n', 'churn', ...args]);
  const rollbacks = async () =>
    JSON.parse(await room.plane.kubectl(['get', 'modelrollbacks', '-n', 'churn', '-o', 'json'])) as {
      items: ModelRollback[];
    };

  beforeAll(serving);

  it('writes nothing in a dry run, after the API server has checked it', async () => {
    const { code, out } = await undo('--dry-run');
    expect(out).toContain('modelrollback.windlass.dev/bankchurn-undo-2-to-1 created (dry run');
    expect(out).toContain('revision 2 -> revision 1 (model 1.1.0)');
    expect(code).toBe(0);
    expect((await rollbacks()).items).toEqual([]);
  });

  it('creates a ModelRollback in the user’s own name and waits until the revision serves', async () => {
    const running = undo('--reason=false alarms', '--timeout=60s');
    const end = performance.now() + 30_000;
    while ((await rollbacks()).items.length === 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const [created] = (await rollbacks()).items;
    const user = JSON.parse(await room.plane.kubectl(['auth', 'whoami', '-o', 'json'])) as {
      status: { userInfo: { username: string } };
    };
    expect(created?.spec).toEqual({
      modelDeployment: 'bankchurn',
      toRevision: revisionName(1),
      fromSpecHash: 'v1-abc',
      reason: 'false alarms',
      requestedBy: user.status.userInfo.username,
    });
    await room.setStatus('ModelRollback', 'bankchurn-undo-2-to-1', {
      state: 'Active',
      toRevision: revisionName(1),
      fromRevision: revisionName(2),
    });
    await room.setStatus('ModelDeployment', 'bankchurn', { stableRevision: revisionName(1) });
    const { code, out, err } = await running;
    expect(err).toContain('revision 2 -> revision 1');
    expect(out).toContain('revision 1 serves.');
    expect(out).toContain('kubectl delete modelrollback bankchurn-undo-2-to-1 -n churn');
    expect(code).toBe(0);
    const { out: history } = await windlass(['history', 'bankchurn', '-n', 'churn']);
    expect(history).toContain(`held by ${user.status.userInfo.username} (false alarms)`);
  });

  it('takes another name where an earlier undo of the same kind has ended', async () => {
    await room.setStatus('ModelDeployment', 'bankchurn', { stableRevision: revisionName(2) });
    await room.setStatus('ModelRollback', 'bankchurn-undo-2-to-1', { state: 'Superseded' });
    const { code, out } = await undo('--no-wait');
    expect(out).toContain('modelrollback.windlass.dev/bankchurn-undo-2-to-1-2 created');
    expect(code).toBe(0);
  });

  it('ends with 4 when the operator refuses it', async () => {
    const running = undo('--to-revision=1', '--timeout=60s');
    const end = performance.now() + 30_000;
    while ((await rollbacks()).items.length < 3 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await room.setStatus('ModelRollback', 'bankchurn-undo-2-to-1-3', {
      state: 'Invalid',
      message: 'It is gone.',
    });
    const { code, err } = await running;
    expect(err).toContain('error: the undo does not hold: It is gone.');
    expect(code).toBe(4);
  });

  it('says who may not', async () => {
    const forbidden = await room.plane.kubectl(['config', 'view', '--raw', '-o', 'json']);
    const config = JSON.parse(forbidden) as { users: { user: object }[] };
    for (const each of config.users) Object.assign(each.user, { as: 'nobody' });
    const kubeconfig = join(room.folder, 'nobody');
    await writeFile(kubeconfig, JSON.stringify(config));
    const { code, err } = await undo('--kubeconfig', kubeconfig);
    expect(err).toMatch(/forbidden/);
    expect(code).toBe(1);
  });
});
