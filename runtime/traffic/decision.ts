import type { Traffic, TrafficCandidate } from '#contract/traffic.ts';

/**
 * Where a prediction request is answered.
 * - local: here, and nobody had a choice
 * - kept: here, because the split said so while a candidate takes a share
 * - candidate: by the candidate, whose share it is
 * - stable: by the stable revision; the connection ends after the answer, so that the client finds its pods
 */
export type Destination = 'local' | 'kept' | 'candidate' | 'stable';

/** What a request says of itself. */
export interface Asked {
  /** Another pod passed it on: it is never passed on again. */
  readonly forwarded: boolean;
  /** It names a version of the model: it means this one. */
  readonly versioned: boolean;
}

/**
 * Decides by the traffic file. A pod that knows no revision of its own, or no file, answers itself. `takes` tells
 * whether a request that may go either way is the candidate's.
 */
export function destinationOf(
  revision: string | undefined,
  traffic: Traffic | undefined,
  { forwarded, versioned }: Asked,
  takes: (candidate: TrafficCandidate) => boolean,
): Destination {
  if (traffic === undefined || revision === undefined || forwarded || versioned) return 'local';
  if (!isStable(revision, traffic)) return 'stable';
  const candidate = splitWith(revision, traffic);
  if (candidate === undefined) return 'local';
  return takes(candidate) ? 'candidate' : 'kept';
}

export function isStable(revision: string | undefined, traffic: Traffic | undefined): boolean {
  return traffic === undefined || revision === undefined || traffic.stable.revision === revision;
}

/** The candidate that a pod of this revision shares its requests with: the stable pods alone do. */
export function splitWith(
  revision: string | undefined,
  traffic: Traffic | undefined,
): TrafficCandidate | undefined {
  if (revision === undefined || traffic?.stable.revision !== revision) return undefined;
  return traffic.candidate?.revision === revision ? undefined : traffic.candidate;
}

/**
 * Whether a request that says so was passed on by a pod: it counts there, and not here. Without a traffic file nobody
 * passes on; files of earlier operators have no token to show.
 */
export function fromPod(
  traffic: Traffic | undefined,
  { forwarded, token }: { readonly forwarded: boolean; readonly token: unknown },
): boolean {
  return forwarded && traffic !== undefined && (traffic.token === undefined || traffic.token === token);
}
