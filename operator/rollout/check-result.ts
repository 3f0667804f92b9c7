/** What a check says now. `wait`: too few samples, or no reading; it neither passes nor fails. */
export interface CheckResult {
  /** Unique within a rollout: `errorRate`, `latency p95`, `metric rmse`, ... */
  readonly name: string;
  readonly state: 'pass' | 'wait' | 'fail';
  /** As a person reads it, with its unit; absent without a reading. */
  readonly value?: string;
  /** As a person reads it: `at most 1 %`. */
  readonly limit: string;
  readonly samples?: number;
  /** One sentence: what was found, where, against what; what to do where it fails or waits. */
  readonly message: string;
}
