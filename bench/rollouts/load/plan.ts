/** A load without a pause until it is told to stop. */
export interface SteadyPlan {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly body: string;
  readonly ratePerSecond: number;
  /** Connections that are kept alive and take turns. */
  readonly connections: number;
  /** Every so many-th request opens a connection of its own and closes it; 0: none does. */
  readonly freshEvery: number;
  /** A request without an answer for so long has failed. */
  readonly timeoutMs: number;
  /** Right answers have one of these in `prediction`. */
  readonly predictions: readonly number[];
}

/** What became of each request, in the order in which they ended; one entry of each list for each. */
export interface Samples {
  /** Milliseconds since 1970. */
  readonly sentAt: Float64Array;
  readonly latencyMs: Float32Array;
  /** Into `revisions`; which one answered, '' where none said so. */
  readonly revision: Uint16Array;
  /** Into `failures`; 0 is a right answer. */
  readonly failure: Uint16Array;
  /** 1: on a connection of its own. */
  readonly fresh: Uint8Array;
  readonly revisions: readonly string[];
  readonly failures: readonly string[];
  /** Requests that were sent, each of which has ended. */
  readonly sent: number;
  /** How late requests were sent, after they were due: what the load itself could not keep up with. */
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly cpuShare: number;
}
