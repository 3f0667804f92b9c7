import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { EVENT, isKubeError } from '#operator/kube/index.ts';
import { EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document, paintFor } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions, OutputFormat } from '../options.ts';
import { readDeployment, readRollbacks } from '../read.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';
import { concerns, renderTimeline, timeline } from './timeline.ts';
import type { StoredEvent, TimelineEvent, TimelineOptions } from './timeline.ts';

export interface EventsOptions extends GlobalOptions {
  readonly watch?: boolean;
  readonly output?: OutputFormat;
}

const INTERVAL_MS = 2000;

/** Events are written by many programs: only what is read here has to be what it should. */
const storedSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string().optional(),
    creationTimestamp: z.string().optional(),
  }),
  eventTime: z.string().nullish(),
  series: z.looseObject({ count: z.number(), lastObservedTime: z.string() }).nullish(),
  deprecatedCount: z.number().optional(),
  deprecatedFirstTimestamp: z.string().nullish(),
  deprecatedLastTimestamp: z.string().nullish(),
  type: z.string().optional(),
  reason: z.string().optional(),
  note: z.string().optional(),
  reportingController: z.string().optional(),
  regarding: z.looseObject({ kind: z.string().optional(), name: z.string().optional() }).default({}),
});

export function events(name: string, options: EventsOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    await readDeployment(session, name); // says which ones there are
    const found = await readEvents(session, name);
    if (options.watch === true) return watch(session, name, found, options, io);
    if (options.output === 'json' || options.output === 'yaml') {
      io.out(`${document(options.output, { items: found })}\n`);
    } else if (found.length === 0) {
      io.err(`No event of ${name} is kept (an API server keeps them for an hour by default).\n`);
    } else {
      io.out(`${renderTimeline(timeline(found), view(options, io))}\n`);
    }
    return EXIT.ok;
  });
}

export async function readEvents(session: Session, name: string): Promise<readonly StoredEvent[]> {
  const { kube, namespace, call } = session;
  const [all, rollbacks] = await Promise.all([
    kube.list(EVENT, { namespace }, call),
    readRollbacks(session, name),
  ]);
  const whose = { deployment: name, rollbacks: rollbacks.map(({ metadata }) => metadata.name) };
  return all.flatMap((event) => {
    const stored = storedSchema.safeParse(event).data;
    return stored !== undefined && concerns(stored, whose) ? [stored] : [];
  });
}

/** First all that there are, then each as it comes or comes again, until Ctrl-C. */
async function watch(
  session: Session,
  name: string,
  first: readonly StoredEvent[],
  options: EventsOptions,
  io: Io,
): Promise<ExitCode> {
  const shown = new Map<string, number>();
  let heads = true;
  const show = (found: readonly StoredEvent[]): void => {
    const fresh = timeline(found).filter((event) => (shown.get(keyOf(event)) ?? 0) < event.count);
    if (fresh.length === 0) return;
    for (const event of fresh) shown.set(keyOf(event), event.count);
    if (options.output === 'json' || options.output === 'yaml') {
      for (const event of fresh) io.out(line(options.output, event));
    } else {
      io.out(`${renderTimeline(fresh, { ...view(options, io), heads })}\n`);
      heads = false;
    }
  };
  show(first);
  for (;;) {
    await sleep(INTERVAL_MS, undefined, { signal: io.signal });
    try {
      show(await readEvents(session, name));
    } catch (error) {
      if (!isKubeError(error, 'transient')) throw error; // a moment without an API server is waited out
    }
  }
}

function line(format: 'json' | 'yaml', event: TimelineEvent): string {
  return format === 'json' ? `${JSON.stringify(event)}\n` : `---\n${document('yaml', event)}\n`;
}

function keyOf({ object, reason, note, type }: TimelineEvent): string {
  return [object, type, reason, note].join('\n');
}

function view(options: EventsOptions, io: Io): TimelineOptions {
  return { now: io.now(), wide: options.output === 'wide', paint: paintFor(io.stdout, io.env) };
}
