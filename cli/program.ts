import { Argument, Command, Option } from 'commander';
import { completeWords } from './completion/command.ts';
import { completionScript, SHELLS } from './completion/scripts.ts';
import type { Shell } from './completion/scripts.ts';
import { diff } from './diff/command.ts';
import type { DiffOptions } from './diff/command.ts';
import { EXIT_HELP } from './exit.ts';
import type { ExitCode } from './exit.ts';
import { history } from './history/command.ts';
import type { HistoryOptions } from './history/command.ts';
import { EXAMPLES } from './examples.ts';
import type { Io } from './io.ts';
import { parseDuration } from './options.ts';
import { predict } from './predict/command.ts';
import type { PredictOptions } from './predict/command.ts';
import type { PushOptions } from './push/command.ts';
import { status } from './status/command.ts';
import type { StatusOptions } from './status/command.ts';
import { undo } from './undo/command.ts';
import type { UndoOptions } from './undo/command.ts';
import { VERSION } from './version.ts';

const MINUTE = 60_000;

/** The command line. `finish` is told the exit code of the command that ran. */
export function createProgram(io: Io, finish: (code: ExitCode) => void): Command {
  const program = new Command('kubectl windlass')
    .description('See, take back, compare and try the models that Windlass serves.')
    .version(`kubectl-windlass ${VERSION}`, '--version', 'print the version')
    .option('-n, --namespace <name>', 'the namespace (default: that of the kubeconfig’s context)')
    .option('--context <name>', 'the kubeconfig’s context')
    .option('--kubeconfig <file>', 'the kubeconfig (default: KUBECONFIG, or ~/.kube/config)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('(kubectl windlass COMMAND --help shows examples)')
    .addHelpText('after', `\n${EXAMPLES.program}\n\n${EXIT_HELP}`)
    .exitOverride();
  addLooking(program, io, finish);
  addUndo(program, io, finish);
  addPredict(program, io, finish);
  addPush(program, io, finish);
  addCompletion(program, io);
  return program;
}

function output(...formats: readonly ('json' | 'yaml' | 'wide')[]): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(formats);
}

function duration(flags: string, description: string, milliseconds: number, shown: string): Option {
  return new Option(flags, description).argParser(parseDuration).default(milliseconds, shown);
}

function addLooking(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('status')
    .summary('what serves, what is on its way, why, and what to do next')
    .description(
      'Shows what serves, what is on its way, the one cause where something is wrong, and the next step.',
    )
    .argument('[NAME]', 'a ModelDeployment; without it, all of the namespace')
    .option('-w, --watch', 'follow until it is ready or stalled')
    .option('-A, --all-namespaces', 'without NAME: all namespaces')
    .addOption(duration('--timeout <duration>', 'how long --watch follows', 15 * MINUTE, '15m'))
    .addOption(output('json', 'yaml', 'wide'))
    .addHelpText('after', `\n${EXAMPLES.status}\n\n${EXIT_HELP}`)
    .action(async (name: string | undefined, _options: object, command: Command) => {
      finish(await status(name, command.optsWithGlobals<StatusOptions>(), io));
    });
  program
    .command('history')
    .summary('every revision: state, model version, digest, age and why')
    .description('Lists the revisions of a ModelDeployment, the newest first.')
    .argument('<NAME>', 'a ModelDeployment')
    .addOption(output('json', 'yaml', 'wide'))
    .addHelpText('after', `\n${EXAMPLES.history}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await history(name, command.optsWithGlobals<HistoryOptions>(), io));
    });
  program
    .command('diff')
    .summary('what differs between two revisions')
    .description(
      'Compares two revisions: metrics, inputs and outputs, serving settings, image and files. ' +
        'A and B are numbers or names; without them, the stable revision and the one that comes, or the one before.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .argument('[A]', 'a revision')
    .argument('[B]', 'another; without it, the stable one')
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.diff}`)
    .action(
      async (
        name: string,
        a: string | undefined,
        b: string | undefined,
        _options: object,
        command: Command,
      ) => {
        finish(await diff(name, a, b, command.optsWithGlobals<DiffOptions>(), io));
      },
    );
}

function addUndo(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('undo')
    .summary('go back to an earlier revision')
    .description(
      'Goes back to an earlier revision by creating a ModelRollback, and waits until it serves. ' +
        'The ModelDeployment stays as it is (GitOps tools see no change); the next change of its spec ends the undo.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('--to-revision <revision>', 'a number or name from the history (default: what served before)')
    .option('--reason <text>', 'why; kept in the ModelRollback and shown in the history')
    .option('--dry-run', 'let the API server check it, and write nothing')
    .addOption(new Option('--wait', 'wait until it serves').default(true, 'it waits'))
    .option('--no-wait', 'return as soon as it is written')
    .addOption(duration('--timeout <duration>', 'how long to wait', 5 * MINUTE, '5m'))
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.undo}\n\n${EXIT_HELP}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await undo(name, command.optsWithGlobals<UndoOptions>(), io));
    });
}

function addPredict(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('predict')
    .summary('ask the model, through the API server')
    .description(
      'Sends a request to the stable Service through the API server: no port-forward, no ingress. ' +
        'Prints the answer, and which revision gave it (on standard error).',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('-d, --data <json>', 'the request: JSON, @FILE or - for standard input (default: an example)')
    .option('--batch', 'POST /predict_batch; a bare list of rows is wrapped as the model expects it')
    .addOption(duration('--timeout <duration>', 'how long to wait for the answer', 30_000, '30s'))
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.predict}\n\n${EXIT_HELP}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await predict(name, command.optsWithGlobals<PredictOptions>(), io));
    });
}

function addPush(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('push')
    .summary('upload a model bundle to S3')
    .description(
      'Checks a bundle (model.json and the digest of every file) and uploads it, model.json last, so that ' +
        'a half-uploaded bundle is never one. Keys come from AWS_* or a profile.',
    )
    .argument('<DIR>', 'the bundle’s folder, as the training code wrote it')
    .argument('<URI>', 's3://BUCKET/PREFIX/')
    .option('--endpoint-url <url>', 'an S3-compatible store (default: AWS_ENDPOINT_URL)')
    .option('--region <name>', 'its region (default: AWS_REGION)')
    .option('--force', 'change a bundle in place that is there already')
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.push}`)
    .action(async (dir: string, uri: string, _options: object, command: Command) => {
      const { pushBundle } = await import('./push/command.ts'); // the S3 client is large
      finish(await pushBundle(dir, uri, command.optsWithGlobals<PushOptions>(), io));
    });
}

function addCompletion(program: Command, io: Io): void {
  program
    .command('completion')
    .summary('a completion script for your shell')
    .description(
      'Prints a completion script; "kubectl" prints the one that completes "kubectl windlass ...".',
    )
    .addArgument(new Argument('<SHELL>', 'which one').choices(SHELLS))
    .addHelpText('after', `\n${EXAMPLES.completion}`)
    .action((shell: Shell) => io.out(completionScript(shell)));
  program
    .command('__complete', { hidden: true })
    .argument('[WORDS...]')
    .helpOption(false)
    .allowUnknownOption()
    .action((words: readonly string[]) => completeWords(words, program, io));
}
