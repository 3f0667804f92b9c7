import { describe, expect, it } from 'vitest';
import type { Observed, Plan, PlannedEvent } from '#operator/model-deployment/index.ts';
import { rollback } from '#operator/model-deployment/testing/index.ts';
import { notificationsOf } from './notifications.ts';

const NAME = 'churn';
const OLD = `${NAME}-0123456789`;
const NEW = `${NAME}-abcdefabcd`;

function observed(status: { stableRevision?: string; candidateRevision?: string }): Observed {
  return {
    now: Date.parse('2026-01-01T00:00:00Z'),
    settings: { runtimeImage: 'runtime', cudaRuntimeImage: 'cuda' },
    modelDeployment: { metadata: { namespace: 'models', name: NAME }, status },
    revisions: [
      {
        apiVersion: 'windlass.dev/v1alpha1',
        kind: 'ModelRevision',
        metadata: { name: NEW, annotations: { 'windlass.dev/revision-number': '4' } },
        // Nothing here reads what a revision pins.
        spec: {} as Observed['revisions'][number]['spec'],
      },
    ],
    rollbacks: [rollback('by-hand'), rollback(`${NAME}-auto-4`, { requestedBy: 'windlass' })],
    strangers: new Map(),
    deployments: [],
    services: [],
    configMaps: [],
    budgets: [],
    autoscalers: [],
    jobs: [],
    pods: [],
    source: { state: 'unknown' },
    acknowledged: new Map(),
    obstacles: [],
  } as unknown as Observed;
}

function plan(stable: string, reason: string, ...events: readonly PlannedEvent[]): Plan {
  const ready = { type: 'Ready', status: 'False' as const, reason, message: '', lastTransitionTime: '' };
  return {
    actions: [],
    status: { stableRevision: stable, conditions: [ready] },
    events,
  } as unknown as Plan;
}

const normal = (reason: string, message: string): PlannedEvent => ({ type: 'Normal', reason, message });
const promoted = normal('Promoted', `Revision ${NEW} (4) is stable now, before it ${OLD}.`);

describe('what people are told', () => {
  it('is a promotion', () => {
    const before = observed({ stableRevision: OLD, candidateRevision: NEW });
    expect(notificationsOf(before, plan(NEW, 'Serving', promoted))).toEqual([
      {
        kind: 'promoted',
        namespace: 'models',
        name: NAME,
        revision: NEW,
        number: '4',
        from: OLD,
        to: NEW,
        reason: 'Promoted',
        message: promoted.message,
        time: '2026-01-01T00:00:00.000Z',
        command: `kubectl windlass status ${NAME} --namespace models`,
      },
    ]);
  });

  it('is a rejection', () => {
    const event = normal('OutOfMemory', `Revision ${NEW} was rejected. It took 2 GiB.`);
    expect(notificationsOf(observed({ stableRevision: OLD }), plan(OLD, 'OutOfMemory', event))).toMatchObject(
      [{ kind: 'rejected', revision: NEW, number: '4', from: NEW, to: OLD, reason: 'OutOfMemory' }],
    );
  });

  it('is an automatic undo, once: neither its rejection nor its ModelRollback is told again', () => {
    const during = observed({ stableRevision: OLD, candidateRevision: NEW });
    const undone = normal('Undone', 'errorRate is 12 %, at most 1 %.');
    const rejected = normal('CheckFailed', `Revision ${NEW} was rejected. errorRate is 12 %.`);
    const active = normal(
      'RollbackActive',
      `ModelRollback ${NAME}-auto-4 by windlass brings back revision ${OLD}`,
    );
    expect(notificationsOf(during, plan(OLD, 'RolledBack', rejected, undone))).toMatchObject([
      { kind: 'undone', revision: NEW, from: NEW, to: OLD, reason: 'Undone' },
    ]);
    expect(notificationsOf(during, plan(OLD, 'RolledBack', active))).toEqual([]);
  });

  it('is an undo while baking, of what was stable until now', () => {
    const baking = observed({ stableRevision: NEW });
    const undone = normal('Undone', 'latency p95 is 2 s.');
    expect(notificationsOf(baking, plan(OLD, 'RolledBack', undone, promoted))).toMatchObject([
      { kind: 'undone', revision: NEW, to: OLD },
    ]);
  });

  it('is an undo by hand, without the promotion that it leads to', () => {
    const before = observed({ stableRevision: NEW });
    const active = normal('RollbackActive', `ModelRollback by-hand by ada brings back revision ${OLD}: slow`);
    expect(notificationsOf(before, plan(NEW, 'RollingBack', active))).toMatchObject([
      {
        kind: 'undone',
        revision: NEW,
        from: NEW,
        to: OLD,
        reason: 'RollbackActive',
        message: active.message,
      },
    ]);
    expect(notificationsOf(before, plan(OLD, 'RolledBack', promoted))).toEqual([]);
  });

  it('is no step, no pause and no other news', () => {
    const during = observed({ stableRevision: OLD, candidateRevision: NEW });
    const events = ['RevisionCreated', 'StepReached', 'RolloutPaused', 'RolloutSuperseded', 'BakeEnded'];
    expect(
      notificationsOf(during, plan(OLD, 'RollingOut', ...events.map((e) => normal(e, 'A step.')))),
    ).toEqual([]);
  });
});
