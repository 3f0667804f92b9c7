import type { PodReport } from '#contract/pod-report.ts';

/** What a pod reported at a time. */
export interface PodSample {
  readonly uid: string;
  readonly revision: string;
  /** Milliseconds since 1970, by the operator's clock. */
  readonly at: number;
  readonly report: PodReport;
}

/** What a query of Prometheus came to. */
export type QueryReading =
  { readonly at: number; readonly value: number } | { readonly at: number; readonly problem: string };

/** Everything that was read of a rollout; what a check needs of it is the check's business. */
export interface Monitoring {
  /** Each pod's oldest first. */
  readonly samples: readonly PodSample[];
  /** By the query's text. */
  readonly queries: ReadonlyMap<string, QueryReading>;
  /** Pods that did not answer when they were asked last: UID -> why. */
  readonly unreachable: ReadonlyMap<string, string>;
  /** Every pod was asked, and answered or failed: since the operator began to follow the rollout. */
  readonly asked: boolean;
  /** For how long this phase or step is watched without a gap, by a clock that does not jump; 0: not yet. */
  readonly watchedMs: number;
  /** For how long this phase or step is followed, whether or not any pod answers, by a clock that does not jump. */
  readonly followedMs: number;
}

export const NOTHING_READ: Monitoring = {
  samples: [],
  queries: new Map(),
  unreachable: new Map(),
  asked: false,
  watchedMs: 0,
  followedMs: 0,
};

/** What a plan wants to be read from now on. */
export interface MonitoringRequest {
  /** Names the phase or step; another one begins `watchedMs` and `followedMs` anew. Samples are kept. */
  readonly key: string;
  readonly pods: readonly { readonly uid: string; readonly ip: string; readonly revision: string }[];
  /** Queries for Prometheus. */
  readonly queries: readonly string[];
  /** Samples older than this are of no use. */
  readonly since: number;
}
