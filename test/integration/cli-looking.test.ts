import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollingOut } from '#cli/status/rollout-fixtures.ts';
import { revision, revisionName } from '#cli/testing.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { openCliRoom, type CliRoom } from './cli-room.ts';

// Commands that change nothing in the cluster, in the middle of a rollout.

let room: CliRoom;

/** Revision 1 serves, revision 2 is at step 1 of 3. */
beforeAll(async () => {
  room = await openCliRoom();
  const step = rollingOut({ phase: 'Step', step: 1, weight: 5, holdUntil: '2099-01-01T00:00:00Z' });
  await room.apply(step, revision(1, 'Stable'), revision(2, 'Candidate'));
});
afterAll(() => room?.close());

const NAME = ['bankchurn', '-n', 'churn'];
const windlass = (...args: readonly string[]) => room.windlass(args);

describe('events', () => {
  const event = (name: string, reason: string, eventTime: string, kind: string, object: string) => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: 'churn' },
    eventTime,
    reportingController: 'windlass.dev/operator',
    reportingInstance: 'operator-0',
    action: 'Reconcile',
    reason,
    note: `${reason} said.`,
    type: reason === 'Undone' ? 'Warning' : 'Normal',
    regarding: { apiVersion: 'windlass.dev/v1alpha1', kind, namespace: 'churn', name: object },
  });
  const at = (secondsAgo: number) =>
    new Date(Date.now() - secondsAgo * 1000).toISOString().replace('Z', '000Z');

  it('are one time line of the ModelDeployment and what was made for it', async () => {
    await room.apply(
      event('e2', 'Undone', at(60), 'ModelDeployment', 'bankchurn'),
      event('e1', 'StepReached', at(600), 'ModelDeployment', 'bankchurn'),
      event('e3', 'Pulled', at(30), 'Pod', `${revisionName(2)}-7d9f-abcde`),
      event('e4', 'Promoted', at(30), 'ModelDeployment', 'other'),
    );
    const { code, out } = await windlass('events', ...NAME);
    expect(out.split('\n').map((line) => line.split(/\s{2,}/)[2])).toEqual([
      'REASON',
      'StepReached',
      'Undone',
      'Pulled',
      undefined,
    ]);
    expect(code).toBe(0);
    const json = await windlass('events', ...NAME, '-o', 'json');
    expect((JSON.parse(json.out) as { items: unknown[] }).items).toHaveLength(3);
    expect((await windlass('events', 'nobody', '-n', 'churn')).code).toBe(3);
  });

  it('go on with --watch, each new one once, until Ctrl-C', async () => {
    await room.apply(event('w1', 'ShadowStarted', at(20), 'ModelDeployment', 'bankchurn'));
    const [before, after, over] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      new AbortController(),
    ];
    const watching = room.windlass(
      ['events', ...NAME, '--watch'],
      (out) => {
        if (out.includes('ShadowStarted')) before.resolve();
        if (out.includes('RolloutPaused')) after.resolve();
      },
      over.signal,
    );
    await Promise.race([before.promise, watching]);
    await room.apply(event('w2', 'RolloutPaused', at(0), 'ModelDeployment', 'bankchurn'));
    await Promise.race([after.promise, watching]);
    over.abort();
    const { code, out } = await watching;
    expect(out.match(/ShadowStarted said/g)).toHaveLength(1);
    expect(out.match(/^AGE/gm)).toHaveLength(1);
    expect(code).toBe(130);
  });
});

describe('init', () => {
  it('writes a manifest that the API server takes as it is, strictly', async () => {
    const bundle = join(room.folder, 'bundle');
    const files = linearBundle({ name: 'Linear', manifest: { metrics: { rmse: 12.34, uplift: 1 } } });
    for (const [path, content] of files) {
      await mkdir(dirname(join(bundle, path)), { recursive: true });
      await writeFile(join(bundle, path), content);
    }
    const file = join(room.folder, 'md.yaml');
    const written = await windlass('init', bundle, '-n', 'churn', '--secret=models', `--output=${file}`);
    expect(written).toMatchObject({ code: 0, out: '' });
    expect(await room.plane.kubectl(['apply', '--validate=strict', '-f', file])).toContain('linear created');
    expect(await room.plane.kubectl(['apply', '--validate=strict', '-f', file])).toContain(
      'linear unchanged',
    );
    const stored = await room.get<ModelDeployment>('modeldeployment', 'linear');
    expect(stored.spec.rollout.checks).toContainEqual({ metric: { name: 'rmse', max: 13.6 } });
    const twice = await windlass('init', bundle, `--output=${file}`);
    expect(twice).toMatchObject({ code: 2 });
    expect(await readFile(file, 'utf8')).toContain('namespace: churn');
  });
});

describe('diff --exit-code', () => {
  it('ends with 1 where they differ, 0 where not, and 2 or more where it failed', async () => {
    expect((await windlass('diff', ...NAME, '--exit-code')).code).toBe(1);
    expect((await windlass('diff', ...NAME)).code).toBe(0);
    expect((await windlass('diff', 'bankchurn', '1', '1', '-n', 'churn', '--exit-code')).code).toBe(0);
    expect((await windlass('diff', 'nobody', '-n', 'churn', '--exit-code')).code).toBe(3);
    expect((await windlass('diff', ...NAME, '--exit-code', '--kubeconfig=/nowhere')).code).toBe(2);
  });
});
