import { describe, expect, test } from 'vitest';
import { condition, deployment, NOW, pod, revision, revisionName, rollback, RUNNING } from '../testing.ts';
import { nextSteps } from './next-step.ts';
import { podView } from './pods.ts';
import { rollingOut } from './rollout-fixtures.ts';
import { renderList } from './table.ts';
import { renderTree } from './tree.ts';
import { outcomeOf, statusView } from './view.ts';

const serves = condition('Available', 'True');
const ready = condition('Ready', 'True', 'Serving', 'Revision 2 (model 1.2.0) serves on 2 of 2 pods.');

describe('the outcome follows the conditions as kstatus reads them', () => {
  test.each([
    ['no status yet', deployment(), 'progressing'],
    ['ready', deployment({ conditions: [ready] }), 'ready'],
    ['a status about an earlier spec', deployment({ conditions: [ready] }, 2), 'progressing'],
    [
      'stalled',
      deployment({ conditions: [condition('Ready', 'False'), condition('Stalled', 'True')] }),
      'stalled',
    ],
    [
      'a rollout on its way',
      deployment({ conditions: [ready, condition('Reconciling', 'True')] }),
      'progressing',
    ],
    [
      'neither ready nor reconciling',
      deployment({ conditions: [condition('Ready', 'False')] }),
      'progressing',
    ],
    [
      'being deleted',
      {
        ...deployment({ conditions: [ready] }),
        metadata: { ...deployment().metadata, deletionTimestamp: '2026-03-01T12:00:00Z' },
      },
      'deleting',
    ],
  ])('%s', (_state, object, outcome) => {
    expect(outcomeOf(object)).toBe(outcome);
  });
});

describe('a pod is shown by the one word that explains it', () => {
  const waiting = (reason: string) => ({ name: 'serve', restartCount: 3, state: { waiting: { reason } } });
  test.each([
    ['Ready', RUNNING],
    ['Loading model', { phase: 'Running', containerStatuses: [{ name: 'serve', state: { running: {} } }] }],
    [
      'Pulling model',
      { phase: 'Pending', initContainerStatuses: [{ name: 'pull', state: { running: {} } }] },
    ],
    ['ImagePullBackOff', { phase: 'Pending', initContainerStatuses: [waiting('ImagePullBackOff')] }],
    [
      'CrashLoopBackOff',
      {
        phase: 'Running',
        initContainerStatuses: [{ name: 'pull', state: { terminated: { exitCode: 0 } } }],
        containerStatuses: [waiting('CrashLoopBackOff')],
      },
    ],
    [
      'OOMKilled',
      {
        phase: 'Failed',
        containerStatuses: [{ name: 'serve', state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }],
      },
    ],
    [
      'Unschedulable',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    ],
    ['Starting', { phase: 'Pending', initContainerStatuses: undefined }],
    ['Evicted', { phase: 'Failed', reason: 'Evicted' }],
  ])('%s', (state, status) => {
    expect(podView(pod(1, 'a', status)).state).toBe(state);
  });

  test('restarts of all containers are added up', () => {
    expect(podView(pod(1, 'a', { containerStatuses: [waiting('CrashLoopBackOff')] })).restarts).toBe(3);
  });
});

test('the tree shows what serves, its pods, what stays warm, the cause and the next command', () => {
  const view = statusView({
    deployment: deployment({
      conditions: [ready, serves],
      stableRevision: revisionName(2),
      url: 'http://bankchurn.churn.svc',
    }),
    revisions: [revision(1, 'Warm'), revision(2, 'Stable'), revision(0, 'Retired')],
    rollbacks: [],
    pods: [pod(2, 'bb', RUNNING), pod(2, 'aa', RUNNING), pod(1, 'cc', RUNNING)],
  });
  expect(renderTree(view, { now: NOW })).toBe(
    [
      'bankchurn (namespace churn): Ready, revision 2 serves',
      '│  asks for s3://models/bankchurn/2/',
      '│  serves at http://bankchurn.churn.svc',
      '│',
      '├─ stable   revision 2   model 1.2.0   bankchurn-2222222222   2/2 pods ready   60m',
      '│  ├─ bankchurn-2222222222-aa   Ready      60m',
      '│  └─ bankchurn-2222222222-bb   Ready      60m',
      '├─ warm     revision 1   model 1.1.0   bankchurn-1111111111   1/1 pods ready   60m',
      '│  └─ bankchurn-1111111111-cc   Ready      60m',
      '└─ 1 more revision in the history: kubectl windlass history bankchurn -n churn',
      '',
      'Serving: Revision 2 (model 1.2.0) serves on 2 of 2 pods.',
      'Next: kubectl windlass predict bankchurn -n churn',
    ].join('\n'),
  );
});

test('a candidate that restarts leads to its log, and the stable revision stays in the headline', () => {
  const crash = { name: 'serve', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } };
  const view = statusView({
    deployment: deployment({
      conditions: [condition('Ready', 'False', 'Starting', 'x'), condition('Reconciling', 'True'), serves],
      stableRevision: revisionName(1),
      candidateRevision: revisionName(2),
      rollout: { phase: 'Starting', since: '2026-03-01T11:59:00Z', startedAt: '2026-03-01T11:59:00Z' },
    }),
    revisions: [revision(2, 'Candidate'), revision(1, 'Stable')],
    rollbacks: [],
    pods: [pod(2, 'zz', { phase: 'Running', containerStatuses: [crash] })],
  });
  const tree = renderTree(view, { now: NOW });
  expect(tree).toContain('bankchurn (namespace churn): Starting, revision 1 serves');
  expect(tree).toContain('CrashLoopBackOff   2 restarts');
  expect(nextSteps(view)[0]).toBe(`kubectl logs ${revisionName(2)}-zz -n churn --all-containers --previous`);
});

test('an undo that holds names its object as the way forward', () => {
  const view = statusView({
    deployment: deployment({
      conditions: [condition('Ready', 'False', 'RolledBack'), condition('Stalled', 'True'), serves],
      stableRevision: revisionName(1),
    }),
    revisions: [revision(1, 'Stable'), revision(2, 'Warm')],
    rollbacks: [rollback('bankchurn-undo-2', 1, 'Active')],
    pods: [],
  });
  expect(view.outcome).toBe('stalled');
  expect(renderTree(view, { now: NOW })).toContain('(namespace churn): Undone, revision 1 serves');
  expect(nextSteps(view)[0]).toContain('kubectl delete modelrollback bankchurn-undo-2 -n churn');
});

test('an undo that Windlass made names what it rejected too, which would stay so without it', () => {
  const view = statusView({
    deployment: deployment({
      conditions: [condition('Ready', 'False', 'RolledBack'), condition('Stalled', 'True'), serves],
      stableRevision: revisionName(1),
    }),
    revisions: [revision(1, 'Stable'), revision(2, 'Rejected')],
    rollbacks: [rollback('bankchurn-auto-2', 1, 'Active')],
    pods: [],
  });
  expect(nextSteps(view)[0]).toContain(
    `kubectl delete modelrollback/bankchurn-auto-2 modelrevision/${revisionName(2)} -n churn`,
  );
});

test('of rejected revisions only the newest is shown, and only while it explains a stalled state', () => {
  const revisions = [
    revision(1, 'Stable'),
    revision(2, 'Rejected'),
    revision(3, 'Rejected', { reason: 'LoadFailed' }),
  ];
  const stalled = statusView({
    deployment: deployment({
      conditions: [condition('Stalled', 'True'), condition('Ready', 'False')],
      stableRevision: revisionName(1),
    }),
    revisions,
    rollbacks: [],
    pods: undefined,
  });
  expect(stalled.revisions.map((it) => [it.role, it.number, it.reason])).toEqual([
    ['stable', 1, undefined],
    ['rejected', 3, 'LoadFailed'],
  ]);
  expect(renderTree(stalled, { now: NOW })).toContain('pods not visible to you');
  const calm = statusView({
    deployment: deployment({ conditions: [ready], stableRevision: revisionName(1) }),
    revisions,
    rollbacks: [],
    pods: [],
  });
  expect(calm.revisions.map((it) => it.role)).toEqual(['stable']);
});

test('a ModelDeployment that no operator has looked at says so', () => {
  const view = statusView({ deployment: deployment(), revisions: [], rollbacks: [], pods: [] });
  expect(renderTree(view, { now: NOW })).toContain('NotObserved: the operator has not looked at it yet');
  expect(renderTree(view, { now: NOW })).toContain('└─ no revision yet');
});

test('the list has one line for each ModelDeployment', () => {
  const one = deployment({ conditions: [ready], revision: 2, modelVersion: '1.2.0', readyReplicas: 2 });
  const moving = rollingOut({ phase: 'Step', step: 2, weight: 25 });
  const list = renderList([one, deployment(), moving], { now: NOW, namespaces: true, wide: false });
  expect(list.split('\n')).toEqual([
    'NAMESPACE   NAME        STATE        REVISION   MODEL   WEIGHT   PODS   REASON        AGE',
    'churn       bankchurn   Ready        2          1.2.0   -        2/2    Serving       60m',
    'churn       bankchurn   InProgress   -          -       -        0/2    NotObserved   60m',
    'churn       bankchurn   InProgress   1          -       25 %     0/2    RollingOut    60m',
  ]);
});
