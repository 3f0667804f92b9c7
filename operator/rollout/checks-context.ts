import type { Monitoring } from './readings.ts';

/** Everything that judging a rollout takes. */
export interface CheckContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly phase: 'Shadow' | 'Step' | 'Baking';
  /** Nothing before this may be looked at: when the phase or step began. */
  readonly since: number;
  readonly name: string;
  readonly namespace: string;
  readonly candidate: {
    readonly revision: string;
    readonly number: number;
    /** model.json's metrics; undefined where the model came without. */
    readonly metrics: Readonly<Record<string, number>> | undefined;
  };
  /** The stable revision; while Baking the one before. */
  readonly stable: string | undefined;
  /** The split's generation: pods that have applied an earlier one are left out. Absent: all count. */
  readonly generation?: number;
  readonly monitoring: Monitoring;
}
