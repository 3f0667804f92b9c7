import type { Rejection } from './annotations.ts';
import type { Obstacle, SeenFailure } from './observed.ts';
import type { Position } from './position.ts';
import type { RevisionRecord } from './revisions.ts';

/** Where the rollout of the target stands. */
export type Rollout =
  /** The target serves already. */
  | {
      readonly phase: 'Stable';
      readonly revision: string;
      /** While it is watched after its promotion. */
      readonly bake?: Position;
    }
  | { readonly phase: 'Resolving' }
  /** An object that is not ours, or that the API server refuses, is in the way. */
  | {
      readonly phase: 'Obstructed';
      readonly candidate: RevisionRecord | undefined;
      readonly obstacle: Obstacle;
    }
  /** It never served, and nothing can be started while `replicas` is 0. */
  | { readonly phase: 'Waiting'; readonly candidate: RevisionRecord }
  | {
      readonly phase: 'Starting';
      readonly candidate: RevisionRecord;
      readonly startedAt: number;
      readonly deadlineAt: number;
      readonly failure: SeenFailure | undefined;
      /** Pods that its first stage takes. */
      readonly pods: number;
    }
  /** It takes copies or a share of the traffic, or waits to. */
  | {
      readonly phase: 'Shifting';
      readonly candidate: RevisionRecord;
      readonly position: Position;
      /** What its pods show that may pass. */
      readonly ailing: SeenFailure | undefined;
    }
  /** It took traffic and failed, or is stable and failed while it was watched: an earlier revision is brought back. */
  | {
      readonly phase: 'Failed';
      readonly candidate: RevisionRecord;
      readonly rejection: Rejection;
      readonly to: string;
      /** Where it stays as long as the undo cannot be written: without traffic, or as the stable one. */
      readonly held: Position;
    }
  /** At full size and ready, or without replicas and served before: it becomes stable now. */
  | {
      readonly phase: 'Promoting';
      readonly candidate: RevisionRecord;
      /** Where it stands once it is stable, if it is to be watched. */
      readonly bake: Position | undefined;
    }
  | {
      readonly phase: 'Rejected';
      readonly revision: RevisionRecord;
      readonly rejection: Rejection;
      /** `decided`: now, to be kept; `kept`: before; `derived`: judged anew each time, because a setting may allow it. */
      readonly memory: 'decided' | 'kept' | 'derived';
    };
