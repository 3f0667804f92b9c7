import type { Reason } from '#operator/api/conditions.ts';
import type { Named, Serving } from './situation.ts';

/** A condition's reason and message. */
export interface Text {
  readonly reason: Reason;
  readonly message: string;
}

export function serves({ revision, ready, desired }: Serving): string {
  return `Revision ${text(revision)} serves: ${ready} of ${desired} pods are ready.`;
}

export function routes({ revision, ready, desired }: Serving): string {
  return `Revision ${text(revision)} has ${ready} of ${desired} pods ready; it serves in a few seconds, once the nodes lead clients of its Service to them.`;
}

export function because(failure: { readonly message: string } | undefined): string {
  return failure === undefined ? '' : ` ${failure.message}`;
}

export function text(revision: Named | undefined): string {
  if (revision === undefined) return '';
  return revision.number === undefined ? revision.name : `${revision.name} (${revision.number})`;
}
