import type { WorkloadFiles } from './workload.ts';

export type Pace =
  /** Each connection sends its next request when it has the answer to its last one. */
  | { readonly kind: 'closed' }
  /**
   * Requests come when they come, whether or not the server keeps up. A request's time runs from when it was due, so
   * that one slow answer does not hide what those behind it waited (coordinated omission).
   */
  | { readonly kind: 'open'; readonly ratePerSecond: number };

export interface LoadPlan {
  readonly port: number;
  readonly files: WorkloadFiles;
  readonly connections: number;
  readonly pace: Pace;
  readonly warmupSeconds: number;
  readonly seconds: number;
  /**
   * The load never sleeps: on a network a server does not pay for waking its callers, and here it would, with a quarter of
   * its time. Not where the load shares a core with the server.
   */
  readonly spin: boolean;
  /** Statuses beside 2xx that are no failure. */
  readonly allowed: readonly number[];
  /** Processes whose CPU time is the server's. */
  readonly serverPids: readonly number[];
}

export interface Latency {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadReport {
  readonly seconds: number;
  readonly answers: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** What went wrong, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers that were compared with the model's. */
  readonly checked: number;
  /** Open loop: requests that were due and never found a free connection; they count in `latency`. */
  readonly unsent: number;
  /** Of answers with a status of 2xx. */
  readonly latency: Latency;
  readonly refusedLatency: Latency;
  /** CPU time of the load's process by wall time; of a load that spins, the share in which it had answers to read. */
  readonly clientCpuShare: number;
  /** How long a load that spins is busy with other answers before it looks again for what is due. */
  readonly clientLagP99Ms: number;
  readonly serverCpuSeconds: number;
}
