import { describe, expect, it } from 'vitest';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import { findCondition } from '#operator/api/conditions.ts';
import type { DriftReading, FeatureDrift } from '#operator/drift/index.ts';
import type { Plan } from './action.ts';
import { World } from './testing/world.ts';

const feature = (name: string, psi: number, limit = 0.2): FeatureDrift => ({
  name,
  psi,
  limit,
  state: psi > limit ? 'drifted' : 'steady',
});

async function served(spec: object = { drift: {} }): Promise<{ world: World; revision: string }> {
  const world = new World(spec);
  const revision = await world.serve('1');
  return { world, revision };
}

function measured(
  revision: string,
  features: readonly FeatureDrift[],
  more: { readonly complete?: boolean } = {},
): DriftReading {
  return { is: 'measured', revision, complete: true, leftOut: 0, ...more, features };
}

const few = (revision: string, complete: boolean): DriftReading =>
  measured(revision, [{ name: 'Age', psi: 3, limit: 0.2, state: 'tooFewRows' }], { complete });

const drifted = (status: ModelDeploymentStatus | undefined) => findCondition(status?.conditions, 'Drifted');
const told = ({ events }: Plan): readonly string[] => events.map(({ reason }) => reason);

/** Reads this, reconciles after the time that readings are held back for, and gives the plan. */
async function reads(world: World, reading: DriftReading): Promise<Plan> {
  world.drift = reading;
  world.now += 30_000;
  return world.reconcile();
}

describe('the condition Drifted', () => {
  it('is not there without spec.drift, and nobody is asked', async () => {
    const { world } = await served({});
    expect(drifted(world.modelDeployment.status)).toBeUndefined();
    expect(world.plan().drift).toBeUndefined();
  });

  it('asks the stable revision’s ready pods, and names the others', async () => {
    const { world, revision } = await served({ drift: { window: '10m', maxPsi: 0.3 }, replicas: 2 });
    expect(world.plan().drift).toMatchObject({ revision, windowMs: 600_000, maxPsi: 0.3, minSamples: 1000 });
    expect(world.plan().drift?.pods).toHaveLength(2);
    expect(world.plan().drift?.unready).toEqual([]);
    world.setPods(revision, { ready: false });
    expect(world.plan().drift).toMatchObject({ pods: [], unready: [expect.any(String), expect.any(String)] });
  });

  it.each([
    ['nobody answered yet', () => ({ is: 'unread' }), 'Unknown', 'TooFewSamples', 'Fewer than 1000 rows'],
    [
      'no pod answers',
      (revision: string) => ({ is: 'unreachable', revision, why: 'ECONNREFUSED' }),
      'Unknown',
      'PodsUnreachable',
      'ECONNREFUSED',
    ],
    [
      'there is no reference',
      (revision: string) => ({ is: 'noReference', revision, why: 'model.json names no drift reference.' }),
      'Unknown',
      'NoReference',
      'names no drift reference',
    ],
    ['there are too few rows', (revision: string) => few(revision, true), 'Unknown', 'TooFewSamples', '1000'],
    [
      'nothing moved',
      (revision: string) => measured(revision, [feature('Age', 0.04), feature('Balance', 0.01)]),
      'False',
      'Steady',
      'None of 2 has drifted from the training data in the last 1h; the farthest is Age (PSI 0.04); the limit is 0.2.',
    ],
    [
      'two features moved',
      (revision: string) =>
        measured(revision, [feature('Age', 2.314), feature('Balance', 0.45), feature('Tenure', 0.1)]),
      'True',
      'Drifted',
      '2 of 3 have drifted from the training data in the last 1h: Age (PSI 2.31), Balance (PSI 0.45); the limit is 0.2.',
    ],
    [
      'another revision was read',
      () => measured('earlier', [feature('Age', 2)]),
      'Unknown',
      'TooFewSamples',
      'begin to count anew',
    ],
  ] as const)('where %s: %s', async (_, reading, status, reason, message) => {
    const { world, revision } = await served();
    await reads(world, reading(revision) as DriftReading);
    expect(drifted(world.modelDeployment.status)).toMatchObject({ status, reason });
    expect(drifted(world.modelDeployment.status)?.message).toContain(message);
    expect(world.plan().actions).toEqual([]);
  });

  it('is told once when it begins and once when it ends', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.05)]));
    const begins = await reads(world, measured(revision, [feature('Age', 0.6)]));
    expect(told(begins)).toEqual(['DriftDetected']);
    expect(begins.events[0]).toMatchObject({ type: 'Warning', news: { is: 'drifted', revision } });
    expect(told(await reads(world, measured(revision, [feature('Age', 0.61)])))).toEqual([]);
    expect(told(await reads(world, measured(revision, [feature('Age', 0.1)])))).toEqual(['DriftEnded']);
  });

  it('costs no write while an index moves a little', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.6), feature('Tenure', 0.3)]));
    const before = world.cluster.writes.length;
    await reads(world, measured(revision, [feature('Age', 0.55), feature('Tenure', 0.33)]));
    await reads(world, measured(revision, [feature('Age', 0.68), feature('Tenure', 0.29)]));
    expect(world.cluster.writes).toHaveLength(before);
    await reads(world, measured(revision, [feature('Age', 0.9), feature('Tenure', 0.29)]));
    expect(world.cluster.writes.slice(before)).toEqual(['patch ModelDeployment churn status']);
    expect(world.modelDeployment.status?.drift?.features[0]).toEqual({ name: 'Age', psi: 0.9 });
  });

  it('at rest costs no write, whichever feature is the farthest', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.02)]));
    const before = world.cluster.writes.length;
    for (const [name, psi] of [
      ['Tenure', 0.03],
      ['Balance', 0.01],
      ['Age', 0.06],
    ] as const) {
      await reads(world, measured(revision, [feature(name, psi)]));
    }
    expect(world.cluster.writes).toHaveLength(before);
  });

  it('does not come and go with a feature at its limit', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.21)]));
    await reads(world, measured(revision, [feature('Age', 0.19)]));
    expect(drifted(world.modelDeployment.status)?.status).toBe('True');
    await reads(world, measured(revision, [feature('Age', 0.15)]));
    expect(drifted(world.modelDeployment.status)?.status).toBe('False');
    await reads(world, measured(revision, [feature('Age', 0.19)]));
    expect(drifted(world.modelDeployment.status)?.status).toBe('False');
  });

  it('stands while an operator that restarted counts anew, and says so; then the new window decides', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.6)]));
    const { message = '' } = drifted(world.modelDeployment.status) ?? {};
    await reads(world, { is: 'unread' });
    expect(drifted(world.modelDeployment.status)?.message).toBe(message);
    expect(told(await reads(world, few(revision, false)))).toEqual([]);
    expect(drifted(world.modelDeployment.status)).toMatchObject({
      status: 'True',
      message: expect.stringContaining('The operator began to count anew') as string,
    });
    expect(world.plan().actions).toEqual([]);
    expect(told(await reads(world, few(revision, true)))).toEqual([]);
    expect(drifted(world.modelDeployment.status)).toMatchObject({
      status: 'Unknown',
      reason: 'TooFewSamples',
    });
  });

  it.each([
    [
      'no pod answers',
      (revision: string): DriftReading => ({ is: 'unreachable', revision, why: 'ECONNREFUSED' }),
    ],
    ['the window has too few rows', (revision: string): DriftReading => few(revision, true)],
    [
      'no pod has a reference',
      (revision: string): DriftReading => ({ is: 'noReference', revision, why: '' }),
    ],
  ])('is not over where %s, and not told again when it is known again', async (_, reading) => {
    const { world, revision } = await served();
    expect(told(await reads(world, measured(revision, [feature('Age', 0.6)])))).toEqual(['DriftDetected']);
    expect(told(await reads(world, reading(revision)))).toEqual([]);
    expect(drifted(world.modelDeployment.status)?.status).toBe('Unknown');
    expect(world.plan().actions).toEqual([]);
    // An operator that restarts in the meantime finds it in the status.
    await reads(world, { is: 'unread' });
    expect(told(await reads(world, measured(revision, [feature('Age', 0.19)])))).toEqual([]);
    expect(drifted(world.modelDeployment.status)?.status).toBe('True');
    await reads(world, reading(revision));
    expect(told(await reads(world, measured(revision, [feature('Age', 0.1)])))).toEqual(['DriftEnded']);
  });

  it('is nothing that ends where it had not begun', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.19)]));
    await reads(world, few(revision, true));
    expect(world.modelDeployment.status?.drift).toBeUndefined();
    expect(told(await reads(world, measured(revision, [feature('Age', 0.19)])))).toEqual([]);
    expect(drifted(world.modelDeployment.status)?.status).toBe('False');
  });

  it('ends with the revision, though nobody can tell whether it still was so', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.6)]));
    await reads(world, few(revision, true));
    await world.offer('2');
    world.now += 2_000;
    world.runPods({ ready: true });
    const promoted = await world.reconcile();
    expect(promoted.events.filter(({ reason }) => reason === 'DriftEnded')).toMatchObject([
      { message: `Revision ${revision}, which had drifted, is the stable one no more.` },
    ]);
  });

  it('ends with spec.drift', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.6)]));
    world.changeSpec({ drift: null });
    expect((await world.reconcile()).events).toMatchObject([
      { reason: 'DriftEnded', message: 'spec.drift was taken out.' },
    ]);
  });

  it.each([
    [
      'says a limit that is not maxPsi, which chance explains',
      [feature('Code', 0.45, 0.31), feature('Age', 0.4)],
      '2 of 2 have drifted from the training data in the last 1h: Code (PSI 0.45, its limit is 0.31), Age (PSI 0.4); the limit is 0.2 where none is named.',
    ],
    [
      'says it of the farthest where none has drifted',
      [feature('Code', 0.3, 0.31), feature('Age', 0.1)],
      'None of 2 has drifted from the training data in the last 1h; the farthest is Code (PSI 0.3, its limit is 0.31); the limit is 0.2 where none is named.',
    ],
    [
      'says it of none where all have the same',
      [feature('Code', 0.45, 0.2004), feature('Age', 0.4)],
      'Code (PSI 0.45), Age (PSI 0.4); the limit is 0.2.',
    ],
  ])('%s', async (_, features, message) => {
    const { world, revision } = await served();
    await reads(world, measured(revision, features));
    expect(drifted(world.modelDeployment.status)?.message).toContain(message);
  });

  it('never says an index that contradicts it', async () => {
    const { world, revision } = await served();
    const message = async (psi: number): Promise<string> => {
      await reads(world, measured(revision, [feature('Age', psi)]));
      return drifted(world.modelDeployment.status)?.message ?? '';
    };
    expect(await message(0.19)).toContain('None of 1 has drifted');
    expect(await message(0.24)).toContain('Age (PSI 0.24); the limit is 0.2.');
    expect(await message(0.165)).toContain('Age (PSI 0.17, until it is below 0.16); the limit is 0.2.');
    expect(await message(0.21)).toContain('Age (PSI 0.17');
    expect(await message(0.159)).toContain('the farthest is Age (PSI 0.16); the limit is 0.2.');
  });

  it('costs no write while a limit moves a little', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Code', 0.6, 0.31)]));
    const before = world.cluster.writes.length;
    for (const limit of [0.33, 0.28, 0.35])
      await reads(world, measured(revision, [feature('Code', 0.6, limit)]));
    expect(world.cluster.writes).toHaveLength(before);
    await reads(world, measured(revision, [feature('Code', 0.6, 0.45)]));
    expect(world.modelDeployment.status?.drift?.features).toEqual([{ name: 'Code', psi: 0.6, limit: 0.45 }]);
  });

  it('begins anew with a new stable revision', async () => {
    const { world, revision } = await served();
    await reads(world, measured(revision, [feature('Age', 0.6)]));
    await world.serve('2');
    expect(drifted(world.modelDeployment.status)).toMatchObject({
      status: 'Unknown',
      reason: 'TooFewSamples',
    });
    expect(world.modelDeployment.status?.drift).toBeUndefined();
  });

  it('changes nothing of what serves, and nothing of Ready', async () => {
    const { world, revision } = await served();
    const { status } = world.modelDeployment;
    await reads(world, measured(revision, [feature('Age', 3)]));
    const ready = (of: ModelDeploymentStatus | undefined): unknown => findCondition(of?.conditions, 'Ready');
    expect(ready(world.modelDeployment.status)).toEqual(ready(status));
    expect(world.selected).toBe(revision);
  });
});
