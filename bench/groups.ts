import type { Figure } from './figure.ts';

/** A group of figures that share what they are measured on (a cluster, say), which `close` gives back. */
export interface Suite {
  readonly figures: readonly Figure[];
  readonly close: () => Promise<void>;
}

/** Loaded when asked for, so that one group needs nothing of another. */
export const groups: Readonly<Record<string, () => Promise<Suite>>> = {
  foundation: async () => (await import('./foundation/index.ts')).foundation(),
};
