import * as fc from 'fast-check';
import type { Quality } from '#operator/model-deployment/testing/index.ts';

/** What people, faults and callers do on a real API server, where time passes by itself. */
export type LiveStep =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'deploy'; readonly content: number }
  | { readonly do: 'settings'; readonly which: number }
  | { readonly do: 'replicas'; readonly replicas: number }
  | { readonly do: 'promote'; readonly to: 'step' | 'full' | 'wrong' }
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  | { readonly do: 'abort' }
  | { readonly do: 'undo' }
  | { readonly do: 'quality'; readonly of: Quality }
  | { readonly do: 'outage'; readonly on: boolean }
  | { readonly do: 'evict'; readonly pick: number }
  | { readonly do: 'unready'; readonly pick: number }
  /** The candidate's containers are killed for memory from now on. */
  | { readonly do: 'killed' }
  | {
      readonly do: 'remove';
      readonly kind: 'Deployment' | 'Service' | 'ConfigMap' | 'ModelRevision';
      readonly pick: number;
    }
  | { readonly do: 'loseStatus' }
  | { readonly do: 'damage' };

const checks = [{ errorRate: { max: 0.02, minSamples: 5, window: '3s' } }];
const progressDeadline = '8s';

export const SHORT_SETTINGS: readonly object[] = [
  {
    steps: [
      { weight: 5, hold: '1s' },
      { weight: 25, hold: '1s' },
      { weight: 50, hold: '1s' },
    ],
    checks,
    progressDeadline,
  },
  { steps: [{ weight: 10, hold: '1s' }, { weight: 50 }], checks, progressDeadline },
  {
    steps: [{ weight: 20, hold: '1s' }],
    shadow: { percent: 100, hold: '1s' },
    bake: '2s',
    checks,
    progressDeadline,
  },
  { steps: [{ weight: 50, hold: '1s' }], onFailure: 'pause', checks, progressDeadline },
  { steps: [{ weight: 30, hold: '1s' }], checks: [], progressDeadline },
  { progressDeadline, bake: '1s' },
];

const pick = fc.nat({ max: 7 });
const just = (step: LiveStep): fc.Arbitrary<LiveStep> => fc.constant(step);

const step: fc.Arbitrary<LiveStep> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(100, 500, 1500, 4000).map((ms): LiveStep => ({ do: 'wait', ms })),
  },
  { weight: 8, arbitrary: fc.nat({ max: 3 }).map((content): LiveStep => ({ do: 'deploy', content })) },
  {
    weight: 3,
    arbitrary: fc
      .nat({ max: SHORT_SETTINGS.length - 1 })
      .map((which): LiveStep => ({ do: 'settings', which })),
  },
  { weight: 2, arbitrary: fc.nat({ max: 4 }).map((replicas): LiveStep => ({ do: 'replicas', replicas })) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom('step' as const, 'full' as const, 'wrong' as const)
      .map((to): LiveStep => ({ do: 'promote', to })),
  },
  { weight: 2, arbitrary: just({ do: 'pause' }) },
  { weight: 2, arbitrary: just({ do: 'resume' }) },
  { weight: 2, arbitrary: just({ do: 'abort' }) },
  { weight: 2, arbitrary: just({ do: 'undo' }) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Quality>('good', 'good', 'bad', 'none')
      .map((of): LiveStep => ({ do: 'quality', of })),
  },
  { weight: 2, arbitrary: fc.boolean().map((on): LiveStep => ({ do: 'outage', on })) },
  { weight: 3, arbitrary: pick.map((which): LiveStep => ({ do: 'evict', pick: which })) },
  { weight: 2, arbitrary: pick.map((which): LiveStep => ({ do: 'unready', pick: which })) },
  { weight: 1, arbitrary: just({ do: 'killed' }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'Deployment' as const,
          'Service' as const,
          'ConfigMap' as const,
          'ModelRevision' as const,
        ),
        pick,
      )
      .map(([kind, which]): LiveStep => ({ do: 'remove', kind, pick: which })),
  },
  { weight: 1, arbitrary: just({ do: 'loseStatus' }) },
  { weight: 1, arbitrary: just({ do: 'damage' }) },
);

/** A rollout on its way, and then whatever comes. */
export const liveWalk: fc.Arbitrary<readonly LiveStep[]> = fc
  .tuple(
    fc.nat({ max: SHORT_SETTINGS.length - 1 }),
    fc.integer({ min: 1, max: 2 }),
    fc.array(step, { minLength: 6, maxLength: 14, size: 'max' }),
  )
  .map(([which, content, rest]) => {
    const first: readonly LiveStep[] = [
      { do: 'settings', which },
      { do: 'deploy', content },
      { do: 'wait', ms: 1000 },
    ];
    return first.concat(rest);
  });
