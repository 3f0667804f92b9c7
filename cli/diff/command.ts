import { isKubeError } from '#operator/kube/index.ts';
import { fromKubeError } from '../api-errors.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document, paintFor } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../options.ts';
import { readDeployment, readRevisions } from '../read.ts';
import { describeRevision } from '../revisions.ts';
import { withSession } from '../session.ts';
import { compareRevisions } from './compare.ts';
import { revisionPair } from './pair.ts';
import { renderDiff } from './render.ts';

export interface DiffOptions extends GlobalOptions {
  readonly exitCode?: boolean;
  readonly output?: 'json' | 'yaml';
}

export function diff(
  name: string,
  a: string | undefined,
  b: string | undefined,
  options: DiffOptions,
  io: Io,
): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const [deployment, revisions] = await Promise.all([
      readDeployment(session, name),
      readRevisions(session, name),
    ]);
    const [before, after] = revisionPair(deployment, revisions, a, b);
    const sections = compareRevisions(before, after);
    io.out(
      options.output === undefined
        ? `${renderDiff(describeRevision(before), describeRevision(after), sections, paintFor(io.stdout, io.env))}\n`
        : `${document(options.output, { before: before.metadata.name, after: after.metadata.name, sections })}\n`,
    );
    return options.exitCode === true && sections.length > 0 ? EXIT.different : EXIT.ok;
  }).catch((error: unknown) => {
    throw options.exitCode === true ? notDifferent(error) : error;
  });
}

/** With --exit-code, 1 means that they differ: what failed ends with 2 or more, as with git diff and kubectl diff. */
function notDifferent(error: unknown): unknown {
  const shown = isKubeError(error) ? fromKubeError(error) : error;
  if (!(shown instanceof CliError) || shown.exitCode !== EXIT.error) return shown;
  const hint = shown.hint === undefined ? {} : { hint: shown.hint };
  return new CliError(shown.message, { exitCode: EXIT.usage, cause: error, ...hint });
}
