import type { Artifact } from '#contract/artifact.ts';
import type { Failure } from '#contract/failure.ts';
import type { S3Connection } from '#contract/programs.ts';
import type { ModelDeploymentSpec } from '#operator/api/model-deployment.ts';
import type { ModelRevisionSpec } from '#operator/api/model-revision.ts';

/** What a source turned out to be: the bytes, and what the model says of itself. */
export interface ResolvedSource {
  readonly artifact: Artifact;
  readonly model: ModelRevisionSpec['model'];
  /** What the store says of the bytes (an ETag or version): another marker means another look is due. */
  readonly marker?: string;
  /** How to reach the store, where only the Secret's annotations say so. Without keys. */
  readonly connection?: S3Connection;
}

export interface SourceFailure extends Failure {
  /** Whether it may pass by itself, as an outage does. */
  readonly transient: boolean;
}

/** How far the resolution of one spec's source is. Times are milliseconds since 1970. */
export type SourceState =
  | { readonly state: 'idle' }
  | {
      readonly state: 'pending';
      readonly since: number;
      /** Why the try before this one failed. */
      readonly failure?: SourceFailure;
    }
  | {
      readonly state: 'resolved';
      readonly source: ResolvedSource;
      readonly at: number;
      /** The last look at a followed source failed; what was found before stands. */
      readonly failure?: SourceFailure;
    }
  | { readonly state: 'failed'; readonly failure: SourceFailure; readonly at: number };

/** With whose identity the source is read. */
export type SourceReader =
  | { readonly by: 'secret'; readonly secretName: string }
  /** A Job under the tenant's service account; `finished` names its pod once it has ended. */
  | { readonly by: 'job'; readonly finished?: FinishedJob };

export interface FinishedJob {
  readonly uid: string;
  readonly succeeded: boolean;
  readonly podName: string | undefined;
  /** Why it failed, where its pod or its conditions say so. */
  readonly failure: Failure | undefined;
}

export interface SourceRequest {
  readonly modelDeploymentUid: string;
  readonly name: string;
  readonly namespace: string;
  readonly specHash: string;
  readonly model: ModelDeploymentSpec['model'];
  /** The containers' memory limit in bytes. */
  readonly memoryLimitBytes: number | undefined;
  readonly reader: SourceReader;
  /** The bytes that the revision in use has, where the source is only followed: nothing is looked at before the interval has passed. */
  readonly following:
    | { readonly artifact: Artifact; readonly marker: string | undefined; readonly intervalMs: number }
    | undefined;
}
