import type { ModelRevision } from '#operator/api/objects.ts';
import type { StoredEvent } from '../events/timeline.ts';

/** When a revision took the traffic, as far as that is known: from its state, and from events while they are kept. */
export interface Served {
  readonly first: string | undefined;
  /** `now` while it serves. */
  readonly last: string | undefined;
}

/** What the operator says when the stable revision changes: which one it is, and which one it was. */
const PROMOTED = /Revision (\S+)(?: \(\d+\))? is stable now(?:, before it (\S+?))?\.?$/;

export function served(revision: ModelRevision, events: readonly StoredEvent[]): Served {
  const { name } = revision.metadata;
  const { state, since } = revision.status ?? {};
  const came: (string | undefined)[] = [];
  const went: (string | undefined)[] = [];
  for (const event of events) {
    if (event.reason !== 'Promoted') continue;
    const [, now, before] = PROMOTED.exec(event.note ?? '') ?? [];
    const at = event.eventTime ?? event.deprecatedLastTimestamp ?? event.metadata.creationTimestamp;
    if (now === name) came.push(at ?? undefined);
    if (before === name) went.push(at ?? undefined);
  }
  if (state === 'Stable') came.push(since);
  if (state === 'Warm') went.push(since);
  const sorted = (times: readonly (string | undefined)[]) =>
    times.filter((time) => time !== undefined).toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return { first: sorted(came)[0], last: state === 'Stable' ? 'now' : sorted(went).at(-1) };
}
