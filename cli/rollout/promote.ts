import { ANNOTATION } from '#contract/names.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../options.ts';
import { poll } from '../poll.ts';
import { describeRevision } from '../revisions.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';
import { annotate, readRollout } from './annotate.ts';
import type { Annotated, Decided } from './annotate.ts';
import { place } from './candidate.ts';
import type { OnItsWay } from './candidate.ts';
import { promotion, promotionState } from './promotion.ts';
import type { Promotion } from './promotion.ts';

export interface PromoteOptions extends GlobalOptions {
  readonly full?: boolean;
  readonly revision?: string;
  readonly step?: number;
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
  readonly output?: 'json' | 'yaml';
}

const INTERVAL_MS = 300;
/** The operator takes up one hold in a second or two; the rest of a rollout has pods to start. */
const STEP_TIMEOUT_MS = 60_000;
const FULL_TIMEOUT_MS = 10 * 60_000;

export function promote(name: string, options: PromoteOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const full = options.full === true;
    if (full && options.step !== undefined) {
      throw new CliError('--full is past every step: leave --step out', { exitCode: EXIT.usage });
    }
    let first: OnItsWay | undefined;
    const annotated = await annotate(
      session,
      name,
      (input) => {
        // After a conflict neither another candidate nor another step may be promoted than those decided on.
        const revision = options.revision ?? first?.number.toString();
        const decided = promotion(input, { full, revision, step: options.step ?? first?.step });
        first ??= decided.candidate;
        return { ...decided, annotation: ANNOTATION.promote };
      },
      options.dryRun === true,
    );
    if (options.dryRun === true || !options.wait || annotated.decided.past) {
      report(annotated, full, options, io);
      return EXIT.ok;
    }
    if (options.output === undefined) io.err(`${said(annotated.decided, full)} ...\n`);
    await wait(session, name, annotated.decided, options, io);
    return EXIT.ok;
  });
}

function report(
  { decided, deployment }: Annotated<Promotion & Decided>,
  full: boolean,
  options: PromoteOptions,
  io: Io,
): void {
  if (options.output !== undefined) {
    io.out(`${document(options.output, deployment)}\n`);
    return;
  }
  const note = options.dryRun === true && !decided.already ? ' (dry run: nothing has been written)' : '';
  io.out(`${said(decided, full)}${note}\n`);
}

function said(decided: Promotion, full: boolean): string {
  const { candidate, already, past, value, note } = decided;
  const what = describeRevision(candidate.revision);
  if (past) return `${what} is past that step already: it is at ${place(candidate)}`;
  const done = full
    ? `${what} is promoted past all its holds`
    : `${what} is promoted past ${place(candidate)}`;
  const text = already
    ? `${done} already: ${ANNOTATION.promote} is ${value}`
    : `${done}: ${ANNOTATION.promote}=${value}`;
  return note === undefined ? text : `${text}\n${note}`;
}

async function wait(
  session: Session,
  name: string,
  { candidate }: Promotion,
  options: PromoteOptions,
  io: Io,
): Promise<void> {
  const full = options.full === true;
  let waitsFor = '';
  const { message, deployment } = await poll(
    async () => {
      const input = await readRollout(session, name);
      const state = promotionState(input, candidate, full);
      if (state.kind === 'failed') throw new CliError(state.message, { exitCode: EXIT.stalled });
      if (state.kind === 'done') return { message: state.message, deployment: input.deployment };
      waitsFor = state.for;
      return undefined;
    },
    {
      signal: io.signal,
      timeoutMs: options.timeout ?? (full ? FULL_TIMEOUT_MS : STEP_TIMEOUT_MS),
      intervalMs: INTERVAL_MS,
      get what() {
        return `waiting for ${waitsFor}`;
      },
    },
  );
  io.out(options.output === undefined ? `${message}\n` : `${document(options.output, deployment)}\n`);
}
