import * as fc from 'fast-check';
import type { Quality } from './model.ts';
import { stepArbitrary, type Step } from './steps.ts';

/** What people, faults and callers do to a rollout, beside what steps.ts has. */
export type RolloutStep =
  | Step
  /** spec.rollout becomes one of SETTINGS. */
  | { readonly do: 'settings'; readonly which: number }
  /** The annotation is for the rollout on its way, but for `wrong`. */
  | { readonly do: 'promote'; readonly to: 'step' | 'full' | 'wrong' | 'nonsense' }
  | { readonly do: 'pause'; readonly how: 'annotation' | 'spec' | 'wrong' }
  | { readonly do: 'resume' }
  /** A ModelRollback to what is stable now. */
  | { readonly do: 'abort' }
  | { readonly do: 'deleteRollbacks' }
  | { readonly do: 'quality'; readonly of: Quality }
  /** Time passes with traffic, readings and reconciles, as it does without faults. */
  | { readonly do: 'live'; readonly seconds: number }
  /** The operator begins anew, with nothing in memory. */
  | { readonly do: 'restart' }
  /** The operator's clock jumps. */
  | { readonly do: 'jump'; readonly ms: number }
  /** The next reconcile's write of that turn fails, before it is done or after. */
  | { readonly do: 'failWrite'; readonly turn: number; readonly done: boolean }
  /** Pods go, and their successors are not ready. */
  | { readonly do: 'evict'; readonly pick: number }
  /** It is deleted with all its children, and applied anew. */
  | { readonly do: 'recreate' };

const step = (weight: number, hold?: string) => ({ weight, ...(hold === undefined ? {} : { hold }) });

export const SETTINGS: readonly object[] = [
  { steps: [step(5, '30s'), step(25, '1m'), step(50, '1m')] },
  { steps: [step(10, '20s'), step(50)] },
  { steps: [step(20, '30s')], shadow: { percent: 100, hold: '30s' }, bake: '1m' },
  { steps: [step(50, '20s')], onFailure: 'pause' },
  { shadow: { percent: 10, hold: '20s' } },
  { steps: [step(30, '10s'), step(100, '10s')], checks: [] },
  { steps: [step(25, '20s')], bake: '30s', progressDeadline: '2m' },
  { steps: [step(50, '20s')], maxSurge: 0 },
  { bake: '40s' },
  {},
];

type Of<D> = Extract<RolloutStep, { readonly do: D }>;

function of<D extends RolloutStep['do']>(
  kind: D,
  fields: { readonly [K in Exclude<keyof Of<D>, 'do'>]: fc.Arbitrary<Of<D>[K]> },
): fc.Arbitrary<RolloutStep> {
  return fc.record({ do: fc.constant(kind), ...fields }) as fc.Arbitrary<Of<D>>;
}

const rolloutStep: fc.Arbitrary<RolloutStep> = fc.oneof(
  { weight: 20, arbitrary: of('live', { seconds: fc.constantFrom(1, 5, 20, 40, 90, 200) }) },
  { weight: 4, arbitrary: of('settings', { which: fc.nat({ max: SETTINGS.length - 1 }) }) },
  {
    weight: 4,
    arbitrary: of('promote', {
      to: fc.constantFrom<'step' | 'full' | 'wrong' | 'nonsense'>(
        'step',
        'step',
        'full',
        'wrong',
        'nonsense',
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: of('pause', {
      how: fc.constantFrom<'annotation' | 'spec' | 'wrong'>('annotation', 'spec', 'wrong'),
    }),
  },
  { weight: 2, arbitrary: of('resume', {}) },
  { weight: 2, arbitrary: of('abort', {}) },
  { weight: 1, arbitrary: of('deleteRollbacks', {}) },
  {
    weight: 4,
    arbitrary: of('quality', { of: fc.constantFrom<Quality>('good', 'good', 'bad', 'none') }),
  },
  { weight: 2, arbitrary: of('restart', {}) },
  { weight: 1, arbitrary: of('jump', { ms: fc.constantFrom(-3_600_000, -60_000, 60_000, 3_600_000) }) },
  { weight: 3, arbitrary: of('failWrite', { turn: fc.nat({ max: 8 }), done: fc.boolean() }) },
  { weight: 2, arbitrary: of('evict', { pick: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: of('recreate', {}) },
);

/** Begins as most do: something serves, and a spec with a rollout is there. */
const opening: fc.Arbitrary<readonly RolloutStep[]> = fc
  .tuple(fc.nat({ max: SETTINGS.length - 1 }), fc.integer({ min: 1, max: 4 }), fc.nat({ max: 2 }))
  .map(([which, replicas, content]) => [
    { do: 'settings', which },
    { do: 'replicas', replicas },
    { do: 'deploy', content },
    { do: 'live', seconds: 20 },
  ]);

export const rolloutWalk: fc.Arbitrary<readonly RolloutStep[]> = fc
  .tuple(
    opening,
    fc.array(fc.oneof({ weight: 3, arbitrary: rolloutStep }, { weight: 2, arbitrary: stepArbitrary }), {
      minLength: 3,
      maxLength: 24,
      size: 'max',
    }),
  )
  .map(([first, rest]) => first.concat(rest));
