import type { Suite } from '../figure.ts';
import { drift } from './drift.ts';

/** The figures of the five systems, from training to retraining. */
export function systems(): Suite {
  return { figures: [...drift()], close: async () => Promise.resolve() };
}
