import type { Traffic } from '#contract/traffic.ts';

/** Where a prediction request is answered. */
export type Destination =
  | { readonly kind: 'local' }
  /** Answered by the stable revision; the connection ends after the answer, so that the client finds its pods. */
  | { readonly kind: 'stable'; readonly to: Traffic['stable'] };

const LOCAL: Destination = { kind: 'local' };

/** What a request says of itself. */
export interface Asked {
  /** Another pod passed it on: it is never passed on again. */
  readonly forwarded: boolean;
  /** It names a version of the model: it means this one. */
  readonly versioned: boolean;
}

/** Decides by the traffic file. A pod that knows no revision of its own, or no file, answers itself. */
export function destinationOf(
  revision: string | undefined,
  traffic: Traffic | undefined,
  { forwarded, versioned }: Asked,
): Destination {
  if (traffic === undefined || revision === undefined || isStable(revision, traffic)) return LOCAL;
  return forwarded || versioned ? LOCAL : { kind: 'stable', to: traffic.stable };
}

export function isStable(revision: string | undefined, traffic: Traffic | undefined): boolean {
  return traffic === undefined || revision === undefined || traffic.stable.revision === revision;
}

/** What a status from the stable revision means for the request that was forwarded. */
export type Verdict = 'answer' | 'server_error' | 'throttled' | 'compare';

/** `compare`: a 4xx counts as a failure only if this pod itself accepts the input. */
export function judgeStatus(status: number): Verdict {
  if (status >= 200 && status < 300) return 'answer';
  if (status === 429) return 'throttled';
  return status >= 400 && status < 500 ? 'compare' : 'server_error';
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
