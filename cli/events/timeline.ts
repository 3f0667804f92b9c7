import { age, duration, noPaint, table } from '../format/index.ts';
import type { Paint } from '../format/index.ts';

/** An event as the API server keeps it. Older components (kubelet, scheduler) fill the `deprecated` fields instead. */
export interface StoredEvent {
  readonly metadata: {
    readonly name: string;
    readonly uid?: string | undefined;
    readonly creationTimestamp?: string | undefined;
  };
  readonly eventTime?: string | null | undefined;
  readonly series?: { readonly count: number; readonly lastObservedTime: string } | null | undefined;
  readonly deprecatedCount?: number | undefined;
  readonly deprecatedFirstTimestamp?: string | null | undefined;
  readonly deprecatedLastTimestamp?: string | null | undefined;
  readonly type?: string | undefined;
  readonly reason?: string | undefined;
  readonly note?: string | undefined;
  readonly reportingController?: string | undefined;
  readonly regarding: { readonly kind?: string | undefined; readonly name?: string | undefined };
}

/** One line of the time line: events that say the same of the same object are one. */
export interface TimelineEvent {
  readonly first: string;
  readonly last: string;
  readonly count: number;
  readonly type: string;
  readonly reason: string;
  readonly object: string;
  readonly note: string;
  readonly from: string;
}

export interface Whose {
  readonly deployment: string;
  readonly rollbacks: readonly string[];
}

/** Whether an event is about the ModelDeployment, or about what was made for it: all carry its name, and a revision's hash. */
export function concerns(event: StoredEvent, whose: Whose): boolean {
  const { kind = '', name = '' } = event.regarding;
  const { deployment, rollbacks } = whose;
  if (kind === 'ModelRollback')
    return rollbacks.includes(name) || new RegExp(`^${deployment}-(undo|auto)-`).test(name);
  if (name === deployment) return true;
  const rest = name.startsWith(`${deployment}-`) ? name.slice(deployment.length + 1) : '';
  return /^[0-9a-f]{10}(-|$)/.test(rest);
}

/** The newest last; repeated ones added up. */
export function timeline(events: readonly StoredEvent[]): readonly TimelineEvent[] {
  const same = new Map<string, TimelineEvent>();
  for (const event of events.map((it) => timelineEvent(it))) {
    const key = [event.object, event.type, event.reason, event.note].join('\n');
    const known = same.get(key);
    same.set(key, known === undefined ? event : merged(known, event));
  }
  return [...same.values()].toSorted(
    (a, b) => Date.parse(a.last) - Date.parse(b.last) || a.first.localeCompare(b.first),
  );
}

function timelineEvent(event: StoredEvent): TimelineEvent {
  const made = event.metadata.creationTimestamp ?? '';
  const first = event.eventTime ?? event.deprecatedFirstTimestamp ?? made;
  const last = event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime ?? made;
  return {
    first,
    last,
    count: Math.max(1, event.series?.count ?? event.deprecatedCount ?? 1),
    type: event.type ?? '',
    reason: event.reason ?? '',
    object: `${(event.regarding.kind ?? '').toLowerCase()}/${event.regarding.name ?? ''}`,
    note: event.note ?? '',
    from: event.reportingController ?? '',
  };
}

function merged(a: TimelineEvent, b: TimelineEvent): TimelineEvent {
  return {
    ...a,
    first: Date.parse(a.first) <= Date.parse(b.first) ? a.first : b.first,
    last: Date.parse(a.last) >= Date.parse(b.last) ? a.last : b.last,
    count: a.count + b.count,
  };
}

export interface TimelineOptions {
  readonly now: Date;
  readonly wide: boolean;
  readonly paint?: Paint;
  readonly heads?: boolean;
}

export function renderTimeline(events: readonly TimelineEvent[], options: TimelineOptions): string {
  const heads = ['AGE', 'TYPE', 'REASON', 'OBJECT', ...(options.wide ? ['FROM'] : []), 'MESSAGE'];
  const rows = events.map((event) => [
    ageOf(event, options.now),
    event.type,
    event.reason,
    event.object,
    ...(options.wide ? [event.from] : []),
    event.note.replaceAll(/\s+/g, ' '),
  ]);
  const paint = options.paint ?? noPaint;
  const [head = '', ...lines] = table(heads, rows).split('\n');
  const painted = lines.map((line, i) => (events[i]?.type === 'Warning' ? paint('wait', line) : line));
  return (options.heads === false ? painted : [head, ...painted]).join('\n');
}

/** `3m (x5 over 10m)`, as kubectl prints it. */
function ageOf({ first, last, count }: TimelineEvent, now: Date): string {
  const text = age(last, now);
  return count === 1 ? text : `${text} (x${count} over ${duration(now.getTime() - Date.parse(first))})`;
}
