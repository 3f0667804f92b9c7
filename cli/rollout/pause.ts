import { EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../options.ts';
import { withSession } from '../session.ts';
import { annotate } from './annotate.ts';
import type { RolloutInput } from './candidate.ts';
import { pausing, resuming } from './pausing.ts';
import type { Pausing } from './pausing.ts';

export interface PauseOptions extends GlobalOptions {
  readonly dryRun?: boolean;
  readonly output?: 'json' | 'yaml';
}

export function pause(name: string, options: PauseOptions, io: Io): Promise<ExitCode> {
  return mark(name, pausing, options, io);
}

export function resume(name: string, options: PauseOptions, io: Io): Promise<ExitCode> {
  return mark(name, resuming, options, io);
}

function mark(
  name: string,
  decide: (input: RolloutInput) => Pausing,
  options: PauseOptions,
  io: Io,
): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const { decided, deployment } = await annotate(session, name, decide, options.dryRun === true);
    if (options.output !== undefined) {
      io.out(`${document(options.output, deployment)}\n`);
    } else {
      const dry = options.dryRun === true && !decided.already;
      io.out(`${decided.message}${dry ? ' (dry run: nothing has been written)' : ''}\n`);
    }
    return EXIT.ok;
  });
}
