import { EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions, OutputFormat } from '../options.ts';
import { readDeployment, readRevisions, readRollbacks } from '../read.ts';
import { newestFirst } from '../revisions.ts';
import { withSession } from '../session.ts';
import { renderHistory } from './rows.ts';

export interface HistoryOptions extends GlobalOptions {
  readonly output?: OutputFormat;
}

export function history(name: string, options: HistoryOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const [, revisions, rollbacks] = await Promise.all([
      readDeployment(session, name),
      readRevisions(session, name),
      readRollbacks(session, name),
    ]);
    if (options.output === 'json' || options.output === 'yaml') {
      io.out(`${document(options.output, { revisions: newestFirst(revisions), rollbacks })}\n`);
    } else if (revisions.length === 0) {
      io.err(`${name} has no revision yet: kubectl windlass status ${name} -n ${session.namespace}\n`);
    } else {
      const wide = options.output === 'wide';
      io.out(`${renderHistory({ revisions, rollbacks }, { now: io.now(), wide })}\n`);
    }
    return EXIT.ok;
  });
}
