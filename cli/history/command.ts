import { isKubeError } from '#operator/kube/index.ts';
import { EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions, OutputFormat } from '../options.ts';
import { readDeployment, readRevisions, readRollbacks } from '../read.ts';
import { readEvents } from '../events/command.ts';
import type { StoredEvent } from '../events/timeline.ts';
import { newestFirst } from '../revisions.ts';
import { withSession } from '../session.ts';
import { renderHistory } from './rows.ts';

export interface HistoryOptions extends GlobalOptions {
  readonly output?: OutputFormat;
}

export function history(name: string, options: HistoryOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const wide = options.output === 'wide';
    const [, revisions, rollbacks, events] = await Promise.all([
      readDeployment(session, name),
      readRevisions(session, name),
      readRollbacks(session, name),
      wide ? readEvents(session, name).catch(withoutEvents) : [],
    ]);
    if (options.output === 'json' || options.output === 'yaml') {
      io.out(`${document(options.output, { revisions: newestFirst(revisions), rollbacks })}\n`);
    } else if (revisions.length === 0) {
      io.err(`${name} has no revision yet: kubectl windlass status ${name} -n ${session.namespace}\n`);
    } else {
      io.out(`${renderHistory({ revisions, rollbacks, events }, { now: io.now(), wide })}\n`);
    }
    return EXIT.ok;
  });
}

/** Without the right to read events, the history is the one that the objects tell. */
function withoutEvents(error: unknown): readonly StoredEvent[] {
  if (isKubeError(error, 'forbidden')) return [];
  throw error;
}
