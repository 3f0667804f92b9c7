/** Exit codes are part of the interface: scripts branch on them. docs/cli.md and `--help` list them. */
export const EXIT = {
  ok: 0,
  /** The API server, the network or a local file said no. */
  error: 1,
  /** `diff --exit-code`: there are differences. */
  different: 1,
  /** `convert`: something has no counterpart. */
  lost: 1,
  usage: 2,
  notFound: 3,
  /** Windlass cannot go on without a person: Stalled, Rejected, Invalid. */
  stalled: 4,
  timeout: 5,
  /** `status` without --watch: on its way, neither ready nor stalled. */
  progressing: 6,
  /** `predict`: the model answered, with an error. */
  refused: 7,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `Exit codes:
  0    done; for status: Ready
  1    the API server, the network or a local file said no; for diff --exit-code: they differ; for convert:
       something is named as not converted
  2    wrong usage, or nothing there to do it to (promote without a rollout); for diff --exit-code: any error
  3    there is no such ModelDeployment or revision
  4    Windlass cannot go on by itself: Stalled, Rejected or Invalid (what served goes on serving)
  5    the time of --timeout is up
  6    status without --watch: on its way
  7    predict: the model refused the request or failed`;

/** An error that is shown as it stands: one line of what and where, and what to do about it. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    message: string,
    options: { readonly exitCode?: ExitCode; readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.exitCode = options.exitCode ?? EXIT.error;
    this.hint = options.hint;
  }
}
