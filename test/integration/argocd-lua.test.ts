import { beforeAll, describe, expect, test } from 'vitest';
import { API_VERSION } from '#contract/names.ts';
import { CONDITION_TABLE } from '#operator/model-deployment/status.ts';
import { build } from '#test/cluster/build.ts';
import { changed, created, enabledActions, healthOf } from '#test/gitops/customizations.ts';
import { inSituation, situations, WAITING_REASONS, type Situation } from '#test/gitops/in-situation.ts';

// What Argo CD itself makes of deploy/argocd: its own program runs the scripts, as it does for its users.

beforeAll(() => build(['argocd']), 1_800_000);

describe('the health of a ModelDeployment', () => {
  const waits = (situation: Situation): boolean => {
    const health: string = CONDITION_TABLE[situation].argo;
    return health === 'Suspended';
  };

  test.each(situations.filter((situation) => !waits(situation)))(
    '%s is what the table of conditions says, with Ready’s reason and message',
    async (situation) => {
      expect(await healthOf(inSituation(situation))).toEqual({
        status: CONDITION_TABLE[situation].argo,
        message: `${situation}: What ${situation} means, and the next step.`,
      });
    },
  );

  test.each(WAITING_REASONS)('on its way with the reason %s is Suspended', async (reason) => {
    expect((await healthOf(inSituation('starting', { reason }))).status).toBe('Suspended');
  });

  test.each(situations)('%s of an earlier spec is Progressing', async (situation) => {
    const health = await healthOf(inSituation(situation, { observedGeneration: 6 }));
    expect(health).toEqual({
      status: 'Progressing',
      message: 'Windlass has not looked at the newest spec yet.',
    });
  });

  test('without a status it is Progressing', async () => {
    const { status } = await healthOf({ ...inSituation('serving'), status: undefined });
    expect(status).toBe('Progressing');
  });
});

const object = (kind: string, spec: object, status: object | undefined): object => ({
  apiVersion: API_VERSION,
  kind,
  metadata: {
    name: 'churn-0123456789',
    namespace: 'models',
    ownerReferences: [
      { apiVersion: API_VERSION, kind: 'ModelDeployment', name: 'churn', uid: 'f00d', controller: true },
    ],
  },
  spec,
  ...(status === undefined ? {} : { status }),
});

describe('the health of the objects beside it', () => {
  const revision = (state: string | undefined): object =>
    object(
      'ModelRevision',
      { modelDeployment: 'churn' },
      state === undefined ? undefined : { state, message: 'Why.' },
    );
  const rollback = (state: string | undefined): object =>
    object(
      'ModelRollback',
      { modelDeployment: 'churn' },
      state === undefined ? undefined : { state, message: 'Why.' },
    );

  test.each([
    [undefined, 'Progressing'],
    ['Candidate', 'Progressing'],
    ['Stable', 'Healthy'],
    ['Warm', 'Healthy'],
    ['Retired', 'Healthy'],
    ['Superseded', 'Healthy'],
    ['Rejected', 'Healthy'],
  ])('a ModelRevision that is %s is %s', async (state, status) => {
    const health = await healthOf(revision(state));
    expect(health.status).toBe(status);
    if (state !== undefined) expect(health.message).toBe(`${state}: Why.`);
  });

  test.each([
    [undefined, 'Progressing'],
    ['Active', 'Healthy'],
    ['Superseded', 'Healthy'],
    ['Invalid', 'Degraded'],
  ])('a ModelRollback that is %s is %s', async (state, status) => {
    expect((await healthOf(rollback(state))).status).toBe(status);
  });

  test.each([
    ['Stable', []],
    ['Candidate', []],
    ['Rejected', []],
    ['Warm', ['undo-to']],
    ['Retired', ['undo-to']],
  ])('a ModelRevision that is %s offers %j', async (state, actions) => {
    expect(await enabledActions(revision(state))).toEqual(actions);
  });

  test('undo-to makes a ModelRollback to that revision, for the ModelDeployment of now', async () => {
    expect(await created(revision('Retired'), 'undo-to')).toEqual({
      apiVersion: API_VERSION,
      kind: 'ModelRollback',
      metadata: {
        name: expect.stringMatching(/^churn-undo-\d{10}$/) as string,
        namespace: 'models',
        ownerReferences: [{ apiVersion: API_VERSION, kind: 'ModelDeployment', name: 'churn', uid: 'f00d' }],
      },
      spec: {
        modelDeployment: 'churn',
        toRevision: 'churn-0123456789',
        reason: 'undone in Argo CD',
        requestedBy: 'argocd',
      },
    });
  });
});

describe('the actions of a ModelDeployment', () => {
  const stable = { stableRevision: 'churn-aaaaaaaaaa', revision: 3, specHash: 'v1:abc' };
  const onItsWay = { ...stable, candidateRevision: 'churn-bbbbbbbbbb', candidateNumber: 4 };
  const at = (phase: string, more: object = {}): object => ({ ...onItsWay, rollout: { phase, ...more } });

  const failedBake = {
    ...stable,
    conditions: [{ type: 'Ready', status: 'False', reason: 'Paused', message: 'Why.' }],
    rollout: { phase: 'Baking' },
  };

  const deployment = (
    status: object,
    annotations: Readonly<Record<string, string>> = {},
    replicas = 2,
  ): object => ({
    apiVersion: API_VERSION,
    kind: 'ModelDeployment',
    metadata: { name: 'churn', namespace: 'models', uid: 'f00d', annotations },
    spec: { model: { uri: 's3://models/churn/1/' }, replicas },
    status,
  });

  test.each<[string, object, readonly string[]]>([
    [
      'nothing was promoted yet',
      deployment({ candidateRevision: 'churn-aaaaaaaaaa', candidateNumber: 1 }),
      ['pause'],
    ],
    ['the first revision serves', deployment({ ...stable, revision: 1 }), ['restart']],
    ['the third one serves', deployment(stable), ['restart', 'undo']],
    ['it is scaled to zero', deployment(stable, {}, 0), ['undo']],
    ['the source is read', deployment({ ...stable, rollout: { phase: 'Resolving' } }), ['restart', 'undo']],
    ['a candidate starts', deployment(at('Starting')), ['abort', 'pause']],
    ['a candidate is shadowed', deployment(at('Shadow')), ['abort', 'pause', 'promote', 'promote-full']],
    ['a step holds', deployment(at('Step', { step: 1 })), ['abort', 'pause', 'promote', 'promote-full']],
    ['a check failed', deployment(at('Paused', { step: 1 })), ['abort', 'pause', 'promote', 'promote-full']],
    ['a revision is watched', deployment({ ...stable, rollout: { phase: 'Baking' } }), ['restart', 'undo']],
    ['a revision that was watched failed', deployment(failedBake), ['promote-full', 'restart', 'undo']],
    [
      'the rollout is paused',
      deployment(at('Step', { step: 1 }), { 'windlass.dev/paused': '4' }),
      ['abort', 'promote', 'promote-full', 'resume'],
    ],
    [
      'an earlier rollout was paused',
      deployment(at('Step', { step: 1 }), { 'windlass.dev/paused': '3' }),
      ['abort', 'pause', 'promote', 'promote-full'],
    ],
  ])('while %s are these', async (_, live, actions) => {
    expect(await enabledActions(live)).toEqual(actions);
  });

  const owner = { apiVersion: API_VERSION, kind: 'ModelDeployment', name: 'churn', uid: 'f00d' };

  test('undo makes a ModelRollback of the spec of now, for this ModelDeployment alone', async () => {
    expect(await created(deployment(stable), 'undo')).toEqual({
      apiVersion: API_VERSION,
      kind: 'ModelRollback',
      metadata: {
        name: expect.stringMatching(/^churn-undo-\d{10}$/) as string,
        namespace: 'models',
        ownerReferences: [owner],
      },
      spec: {
        modelDeployment: 'churn',
        fromSpecHash: 'v1:abc',
        reason: 'undone in Argo CD',
        requestedBy: 'argocd',
      },
    });
  });

  test('abort makes one to the revision that serves', async () => {
    expect(await created(deployment(at('Step', { step: 2 })), 'abort')).toMatchObject({
      kind: 'ModelRollback',
      metadata: { name: expect.stringMatching(/^churn-abort-\d{10}$/) as string, ownerReferences: [owner] },
      spec: { modelDeployment: 'churn', toRevision: 'churn-aaaaaaaaaa', fromSpecHash: 'v1:abc' },
    });
  });

  test.each<[string, object, readonly string[]]>([
    ['promote', deployment(at('Step', { step: 2 })), ['+ windlass.dev/promote: 4/2']],
    ['promote', deployment(at('Shadow')), ['+ windlass.dev/promote: 4/0']],
    ['promote-full', deployment(at('Step', { step: 2 })), ['+ windlass.dev/promote: 4/full']],
    ['promote-full', deployment(failedBake), ['+ windlass.dev/promote: 3/full']],
    ['pause', deployment(at('Starting')), ['+ windlass.dev/paused: "4"']],
    [
      'resume',
      deployment(at('Step'), { 'windlass.dev/paused': '4', other: 'x' }),
      ['- windlass.dev/paused: "4"'],
    ],
    [
      'restart',
      deployment(stable),
      [expect.stringMatching(/^\+ windlass\.dev\/restart: "20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"$/)],
    ],
  ])('%s changes an annotation and nothing else: %#', async (action, live, lines) => {
    expect(await changed(withAnnotation(live), action)).toEqual(lines);
  });

  /** So that the map of annotations is neither made nor emptied, and only their lines differ. */
  function withAnnotation(live: object): object {
    const { metadata } = live as { metadata: { annotations: object } };
    return { ...live, metadata: { ...metadata, annotations: { kept: 'yes', ...metadata.annotations } } };
  }
});
