import { describe, expect, it } from 'vitest';
import type { News, Observed, Plan, PlannedEvent } from '#operator/model-deployment/index.ts';
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

const normal = (reason: string, message: string, news?: News): PlannedEvent => ({
  type: 'Normal',
  reason,
  message,
  ...(news === undefined ? {} : { news }),
});
const promoted = normal('Promoted', `Revision ${NEW} (4) is stable now, before it ${OLD}.`, {
  is: 'promoted',
  revision: NEW,
  from: OLD,
});

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
    const event = normal('OutOfMemory', `Revision ${NEW} was rejected. It took 2 GiB.`, {
      is: 'rejected',
      revision: NEW,
    });
    expect(notificationsOf(observed({ stableRevision: OLD }), plan(OLD, 'OutOfMemory', event))).toMatchObject(
      [{ kind: 'rejected', revision: NEW, number: '4', from: NEW, to: OLD, reason: 'OutOfMemory' }],
    );
  });

  it('is drift, and no retraining, which its events tell', () => {
    const message = '1 of 11 have drifted from the training data in the last 1h: Age (PSI 2.31).';
    const drifted = normal('DriftDetected', message, { is: 'drifted', revision: OLD });
    const training = normal('RetrainingStarted', 'Job churn-retrain-1', {
      is: 'retraining',
      reason: 'drift',
      result: 'started',
    });
    const before = observed({ stableRevision: OLD });
    expect(notificationsOf(before, plan(OLD, 'Serving', drifted))).toMatchObject([
      { kind: 'drifted', revision: OLD, from: '', to: OLD, reason: 'DriftDetected', message },
    ]);
    expect(notificationsOf(before, plan(OLD, 'Serving', training))).toEqual([]);
  });

  it.each(['started', 'succeeded', 'failed'] as const)(
    'is no word of a training program, which may quote its data, where it %s',
    (result) => {
      const news: News = { is: 'retraining', reason: 'schedule', result };
      const said = normal('Retraining', 'Job churn-retrain-1: row 17 has Balance 125510.82', news);
      const drifted = normal('DriftDetected', 'Age (PSI 2.31)', { is: 'drifted', revision: OLD });
      const told = notificationsOf(observed({ stableRevision: OLD }), plan(OLD, 'Serving', said, drifted));
      expect(told.map(({ kind }) => kind)).toEqual(['drifted']);
      expect(JSON.stringify(told)).not.toContain('125510');
    },
  );

  it('is an automatic undo', () => {
    const during = observed({ stableRevision: OLD, candidateRevision: NEW });
    const news = { is: 'undone', by: 'windlass', revision: NEW, to: OLD } as const;
    const undone = normal('Undone', 'errorRate is 12 %, at most 1 %.', news);
    expect(notificationsOf(during, plan(OLD, 'RolledBack', undone))).toMatchObject([
      { kind: 'undone', revision: NEW, number: '4', from: NEW, to: OLD, reason: 'Undone' },
    ]);
  });

  it('is an undo by hand', () => {
    const before = observed({ stableRevision: NEW });
    const news = { is: 'undone', by: 'person', revision: NEW, to: OLD } as const;
    const message = `ModelRollback by-hand by ada brings back revision ${OLD}: slow`;
    const active = normal('RollbackActive', message, news);
    expect(notificationsOf(before, plan(NEW, 'RollingBack', active))).toMatchObject([
      { kind: 'undone', revision: NEW, from: NEW, to: OLD, reason: 'RollbackActive', message },
    ]);
  });

  it('is no end of an undo, whose beginning was told', () => {
    const event = normal('Promoted', `Revision ${OLD} (5) is stable now, before it ${NEW}.`);
    expect(notificationsOf(observed({ stableRevision: NEW }), plan(OLD, 'RolledBack', event))).toEqual([]);
  });

  it('is no step, no pause and no other news', () => {
    const during = observed({ stableRevision: OLD, candidateRevision: NEW });
    const events = ['RevisionCreated', 'StepReached', 'RolloutPaused', 'RolloutSuperseded', 'BakeEnded'];
    expect(
      notificationsOf(during, plan(OLD, 'RollingOut', ...events.map((e) => normal(e, 'A step.')))),
    ).toEqual([]);
  });
});
