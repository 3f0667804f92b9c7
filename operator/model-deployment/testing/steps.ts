import * as fc from 'fast-check';
import type { PodState } from './fixtures.ts';

/** One thing that a user, the cluster, a store or a fault does; `pick` chooses among what is there. */
export type Step =
  | { readonly do: 'spec'; readonly uri: number }
  | { readonly do: 'replicas'; readonly replicas: number }
  | { readonly do: 'history'; readonly limit: number; readonly warm: number }
  | { readonly do: 'autoscaling'; readonly on: boolean }
  | { readonly do: 'follow'; readonly on: boolean }
  | { readonly do: 'identity'; readonly secret: boolean }
  | {
      readonly do: 'source';
      readonly kind: 'pending' | 'resolved' | 'failed' | 'refreshFailed';
      readonly content: number;
    }
  | { readonly do: 'undo'; readonly to: number | undefined }
  | { readonly do: 'remove'; readonly kind: string; readonly pick: number }
  | { readonly do: 'pods'; readonly pick: number; readonly state: PodState }
  | { readonly do: 'run'; readonly ready: boolean }
  | { readonly do: 'acknowledge'; readonly generation: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'foreign'; readonly kind: string; readonly pick: number }
  | { readonly do: 'lose'; readonly what: 'status' | 'annotations' | 'owner'; readonly pick: number }
  | { readonly do: 'damage'; readonly what: 'traffic' | 'selector' | 'memory'; readonly pick: number }
  | { readonly do: 'upgrade' }
  /** A new spec and its whole rollout, as it goes on most days. */
  | { readonly do: 'deploy'; readonly content: number }
  | { readonly do: 'reconcile'; readonly limit: number | undefined };

const small = fc.nat({ max: 5 });
const children = [
  'ModelRevision',
  'Deployment',
  'Service',
  'ConfigMap',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Job',
  'ModelRollback',
  'Pod',
];

const podState: fc.Arbitrary<PodState> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ ready: true }) },
  { weight: 2, arbitrary: fc.constant({ ready: false }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<PodState>(
      { init: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } },
      {
        init: {
          state: {
            terminated: { exitCode: 1, message: '{"reason":"DigestMismatch","message":"other bytes"}' },
          },
        },
      },
      { main: { state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } } },
      { main: { lastState: { terminated: { exitCode: 139, reason: 'Error' } }, restartCount: 4 } },
      {
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes: Insufficient cpu',
          },
        ],
      },
    ),
  },
);

/** Mostly what happens every day, so that walks get somewhere; some of what never should. */
export const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('reconcile' as const),
      limit: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('deploy' as const), content: fc.nat({ max: 3 }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('run' as const), ready: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('source' as const),
      kind: fc.constantFrom(
        'resolved' as const,
        'resolved' as const,
        'resolved' as const,
        'pending' as const,
        'failed' as const,
        'refreshFailed' as const,
      ),
      content: fc.nat({ max: 3 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pods' as const), pick: small, state: podState }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('spec' as const), uri: fc.nat({ max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('undo' as const), to: fc.option(small, { nil: undefined }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(100, 1500, 12_000, 700_000, 4_000_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replicas' as const), replicas: fc.nat({ max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), generation: small }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('remove' as const),
      kind: fc.constantFrom(...children),
      pick: small,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('history' as const),
      limit: fc.integer({ min: 1, max: 3 }),
      warm: fc.nat({ max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('autoscaling' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('follow' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('identity' as const), secret: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('foreign' as const),
      kind: fc.constantFrom(...children.slice(0, 7)),
      pick: small,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('lose' as const),
      what: fc.constantFrom('status' as const, 'annotations' as const, 'owner' as const),
      pick: fc.nat({ max: 30 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('damage' as const),
      what: fc.constantFrom('traffic' as const, 'selector' as const, 'memory' as const),
      pick: small,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('upgrade' as const) }) },
);
