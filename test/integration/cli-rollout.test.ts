import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHECKS, rollingOut } from '#cli/status/rollout-fixtures.ts';
import { condition, revision, revisionName } from '#cli/testing.ts';
import type { ModelDeployment, ModelRollback } from '#operator/api/objects.ts';
import { openCliRoom, type CliRoom } from './cli-room.ts';

let room: CliRoom;

beforeAll(async () => {
  room = await openCliRoom();
});
afterAll(() => room?.close());

const NAME = ['bankchurn', '-n', 'churn'];
const windlass = (...args: readonly string[]) => room.windlass(args);
const step = (number: number, weight: number) =>
  rollingOut({ phase: 'Step', step: number, weight, holdUntil: '2099-01-01T00:00:00Z', checks: CHECKS });
const annotations = async () =>
  (await room.get<ModelDeployment>('modeldeployment', 'bankchurn')).metadata.annotations ?? {};
const annotate = (change: string) =>
  room.plane.kubectl(['annotate', 'modeldeployment', 'bankchurn', change, '-n', 'churn']);
const statusOf = (object: ModelDeployment) =>
  room.setStatus('ModelDeployment', 'bankchurn', object.status ?? {});
/** A merge patch keeps what it does not name: a rollout that is over has to be taken away. */
const STABLE = { rollout: null, candidateRevision: null };

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Revision 1 serves, revision 2 is at step 1 of 3. */
beforeEach(async () => {
  await room.clear();
  await room.apply(step(1, 5), revision(1, 'Stable'), revision(2, 'Candidate'));
});

describe('promote', () => {
  it('writes the annotation alone, and waits until the rollout has moved on', async () => {
    const before = await room.get<ModelDeployment>('modeldeployment', 'bankchurn');
    const running = windlass('promote', ...NAME);
    await until('the annotation', async () => (await annotations())['windlass.dev/promote'] !== undefined);
    const after = await room.get<ModelDeployment>('modeldeployment', 'bankchurn');
    expect(after.metadata.annotations?.['windlass.dev/promote']).toBe('2/1');
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata.generation).toBe(before.metadata.generation);
    await statusOf(step(2, 25));
    expect(await running).toMatchObject({
      code: 0,
      out: 'revision 2 is at step 2 of 3 at 25 % now\n',
      err: 'revision 2 is promoted past step 1 of 3 at 5 %: windlass.dev/promote=2/1 ...\n',
    });
  });

  it('promotes once when it is asked twice', async () => {
    const first = await windlass('promote', ...NAME, '--no-wait');
    const { resourceVersion } = (await room.get<ModelDeployment>('modeldeployment', 'bankchurn')).metadata;
    const second = await windlass('promote', ...NAME, '--no-wait');
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.out).toContain('already: windlass.dev/promote is 2/1');
    expect((await room.get<ModelDeployment>('modeldeployment', 'bankchurn')).metadata.resourceVersion).toBe(
      resourceVersion,
    );
  });

  it('promotes while somebody writes the status all the time', async () => {
    const over = new AbortController();
    const writer = (async () => {
      for (let i = 0; !over.signal.aborted; i += 1) {
        await room.setStatus('ModelDeployment', 'bankchurn', { readyReplicas: i % 3 });
      }
    })();
    const codes = await Promise.all(
      [0, 1, 2].map(async () => (await windlass('promote', ...NAME, '--no-wait')).code),
    );
    over.abort();
    await writer;
    expect(codes).toEqual([0, 0, 0]);
    expect((await annotations())['windlass.dev/promote']).toBe('2/1');
  });

  it('ends the hold of the step that --step names, and no later one', async () => {
    await statusOf(step(2, 25));
    expect(await windlass('promote', ...NAME, '--step=1')).toMatchObject({
      code: 0,
      out: 'revision 2 is past that step already: it is at step 2 of 3 at 25 %\n',
    });
    expect(await annotations()).not.toHaveProperty('windlass.dev/promote');
    expect((await windlass('promote', ...NAME, '--step=1', '--full')).code).toBe(2);
  });

  it('--full waits until the candidate is stable', async () => {
    const running = windlass('promote', ...NAME, '--full', '--revision=2');
    await until('the annotation', async () => (await annotations())['windlass.dev/promote'] === '2/full');
    await room.setStatus('ModelDeployment', 'bankchurn', { ...STABLE, stableRevision: revisionName(2) });
    expect(await running).toMatchObject({
      code: 0,
      out: 'revision 2 is promoted: it is the stable one now\n',
    });
  });

  it('ends with 4 when the candidate is rejected meanwhile, and with 5 when nothing happens', async () => {
    const late = await windlass('promote', ...NAME, '--timeout=1s');
    expect(late.code).toBe(5);
    expect(late.err).toContain('waiting for the operator to take up the promotion: not within 1 s');
    await annotate('windlass.dev/promote-');
    const running = windlass('promote', ...NAME);
    await until('the annotation', async () => (await annotations())['windlass.dev/promote'] !== undefined);
    await room.setStatus('ModelDeployment', 'bankchurn', {
      ...STABLE,
      conditions: [condition('Ready', 'False', 'CheckFailed', 'errorRate.'), condition('Stalled', 'True')],
    });
    const { code, err } = await running;
    expect(err).toContain('revision 2 is not on its way any more. CheckFailed: errorRate.');
    expect(code).toBe(4);
  });

  it('writes nothing in a dry run, nor for another candidate than the one that was looked at', async () => {
    const dry = await windlass('promote', ...NAME, '--dry-run', '-o', 'json');
    expect((JSON.parse(dry.out) as ModelDeployment).metadata.annotations).toMatchObject({
      'windlass.dev/promote': '2/1',
    });
    const guarded = await windlass('promote', ...NAME, '--revision=1');
    expect(guarded).toMatchObject({ code: 2 });
    expect(guarded.err).toContain('the candidate is revision 2 by now, not 1: nothing was promoted');
    expect(await annotations()).not.toHaveProperty('windlass.dev/promote');
  });

  it('says in plain words why there is nothing to promote', async () => {
    await room.setStatus('ModelDeployment', 'bankchurn', {
      ...STABLE,
      conditions: [condition('Ready', 'True')],
    });
    expect(await windlass('promote', ...NAME)).toMatchObject({
      code: 2,
      err: [
        'error: nothing of bankchurn is on its way (revision 1 serves): there is nothing to promote',
        '       a rollout begins when spec.model or spec.serving changes; see: kubectl windlass status bankchurn -n churn',
        '',
      ].join('\n'),
    });
    expect(await windlass('promote', 'bankchrun', '-n', 'churn')).toMatchObject({
      code: 3,
      err: 'error: there is no ModelDeployment bankchrun in namespace churn\n       there are: bankchurn\n',
    });
  });

  it('says which role is missing', async () => {
    const look = { apiGroups: ['windlass.dev'], resources: ['*'], verbs: ['get', 'list'] };
    const kubeconfig = await room.as('viewer', [look]);
    const promote = await windlass('promote', ...NAME, '--kubeconfig', kubeconfig);
    expect(promote.code).toBe(1);
    expect(promote.err).toContain('cannot patch resource "modeldeployments"');
    expect(promote.err).toContain('ask for the ClusterRole windlass-edit (to promote, pause and resume)');
    const abort = await windlass('abort', ...NAME, '--kubeconfig', kubeconfig);
    expect(abort.err).toContain('ask for the ClusterRole windlass-rollback (to undo and abort)');
    const events = await windlass('events', ...NAME, '--kubeconfig', kubeconfig);
    expect(events.err).toContain('list on events of events.k8s.io');
  });
});

describe('pause and resume', () => {
  it('set and remove the annotation, once each', async () => {
    const paused = await windlass('pause', ...NAME);
    expect(paused).toMatchObject({
      code: 0,
      out: 'revision 2 is paused at step 1 of 3 at 5 %; to go on: kubectl windlass resume bankchurn -n churn\n',
    });
    expect((await annotations())['windlass.dev/paused']).toBe('2');
    expect((await windlass('pause', ...NAME)).out).toContain('revision 2 is paused already');
    const { out } = await windlass('status', ...NAME);
    expect(out).toContain('hold    paused by a person, until it is resumed');
    expect(out).toContain('Next: kubectl windlass resume bankchurn -n churn');
    expect(await windlass('resume', ...NAME)).toMatchObject({ code: 0, out: 'bankchurn goes on\n' });
    expect(await annotations()).not.toHaveProperty('windlass.dev/paused');
    expect(await windlass('resume', ...NAME)).toMatchObject({ code: 0, out: 'bankchurn is not paused\n' });
  });

  it('write nothing in a dry run', async () => {
    expect((await windlass('pause', ...NAME, '--dry-run')).out).toContain(
      '(dry run: nothing has been written)',
    );
    expect(await annotations()).not.toHaveProperty('windlass.dev/paused');
  });
});

describe('abort', () => {
  it('creates a ModelRollback to the stable revision, waits, and is done when asked again', async () => {
    const running = windlass('abort', ...NAME, '--reason=p99 looks odd');
    const undo = 'bankchurn-undo-2-to-1';
    await until('the ModelRollback', async () => {
      const { items } = await room.get<{ items: ModelRollback[] }>('modelrollbacks');
      return items.length > 0;
    });
    const again = windlass('abort', ...NAME);
    const { spec } = await room.get<ModelRollback>('modelrollback', undo);
    expect(spec).toMatchObject({
      modelDeployment: 'bankchurn',
      toRevision: revisionName(1),
      fromSpecHash: 'v1-abc',
      reason: 'p99 looks odd',
    });
    await new Promise((resolve) => setTimeout(resolve, 1500)); // the second has read by now
    await room.setStatus('ModelRollback', undo, {
      state: 'Active',
      toRevision: revisionName(1),
      fromRevision: revisionName(2),
    });
    await room.setStatus('ModelDeployment', 'bankchurn', {
      ...STABLE,
      conditions: [
        condition('Ready', 'False', 'RolledBack', 'Revision 1 serves.'),
        condition('Available', 'True'),
        condition('Stalled', 'True'),
      ],
    });
    expect(await running).toMatchObject({ code: 0 });
    expect((await running).out).toContain(`kubectl delete modelrollback ${undo} -n churn`);
    expect(await again).toMatchObject({ code: 0 });
    expect((await room.get<{ items: ModelRollback[] }>('modelrollbacks')).items).toHaveLength(1);
    expect(await windlass('abort', ...NAME)).toMatchObject({
      code: 0,
      out: `it is aborted already: ${undo} holds, revision 1 serves\n`,
    });
    expect((await windlass('promote', ...NAME)).err).toContain(`the undo ${undo} holds`);
    const { out } = await windlass('history', ...NAME, '-o', 'wide');
    expect(out).toMatch(/bankchurn-undo-2-to-1 +Active +2 +1 +\S+ +\d+s +p99 looks odd/);
  });
});

describe('status --watch of a rollout', () => {
  it('says that a person has to go on, and goes on watching', async () => {
    await statusOf(
      rollingOut(
        { phase: 'Step', step: 3, weight: 50 },
        { reason: 'WaitingForPromotion', message: 'Promote it.' },
      ),
    );
    const shown = Promise.withResolvers<void>();
    const watching = room.windlass(['status', ...NAME, '--watch', '--timeout=60s'], (out) => {
      if (out.includes('waits for a person')) shown.resolve();
    });
    await Promise.race([shown.promise, watching]);
    await room.setStatus('ModelDeployment', 'bankchurn', {
      ...STABLE,
      stableRevision: revisionName(2),
      conditions: [condition('Ready', 'True', 'Serving', 'It serves.'), condition('Available', 'True')],
    });
    const { code, out } = await watching;
    expect(out).toContain('Next: kubectl windlass promote bankchurn -n churn');
    expect(out).toContain('Ready, revision 2 serves');
    expect(code).toBe(0);
  });

  it('kubectl shows the weight', async () => {
    expect(await room.plane.kubectl(['get', 'md', '-n', 'churn'])).toMatch(
      /VERSION +WEIGHT +REPLICAS[^\n]*\nbankchurn +1 +5 +False +RollingOut/,
    );
  });
});

it('a pause for an earlier candidate does not pause this one, and may be taken away', async () => {
  await annotate('windlass.dev/paused=1');
  expect((await windlass('pause', ...NAME)).out).toContain('revision 2 is paused at');
});
