import type { Suite } from './figure.ts';

/** Loaded when asked for, so that one group needs nothing of another. */
export const groups: Readonly<Record<string, () => Promise<Suite>>> = {
  foundation: async () => (await import('./foundation/index.ts')).foundation(),
  rollouts: async () => (await import('./rollouts/index.ts')).rollouts(),
  runtime: async () => (await import('./runtime/index.ts')).runtime(),
  systems: async () => (await import('./systems/index.ts')).systems(),
};
