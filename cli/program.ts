import { Argument, Command } from 'commander';
import { addChanging } from './commands/changing.ts';
import { addLooking } from './commands/looking.ts';
import { addModels } from './commands/models.ts';
import { completeWords } from './completion/command.ts';
import { completionScript, SHELLS } from './completion/scripts.ts';
import type { Shell } from './completion/scripts.ts';
import { EXAMPLES } from './examples.ts';
import { EXIT_HELP } from './exit.ts';
import type { ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

/** The command line. `finish` is told the exit code of the command that ran. */
export function createProgram(io: Io, finish: (code: ExitCode) => void): Command {
  const program = new Command('kubectl windlass')
    .description('See, move on, take back, compare and try the models that Windlass serves.')
    .version(`kubectl-windlass ${VERSION}`, '--version', 'print the version')
    .option('-n, --namespace <name>', 'the namespace (default: that of the kubeconfig’s context)')
    .option('--context <name>', 'the kubeconfig’s context')
    .option('--kubeconfig <file>', 'the kubeconfig (default: KUBECONFIG, or ~/.kube/config)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('(kubectl windlass COMMAND --help shows examples)')
    .addHelpText('after', `\n${EXAMPLES.program}\n\n${EXIT_HELP}`)
    .exitOverride();
  const host = { program, io, finish };
  addLooking(host);
  addChanging(host);
  addModels(host);
  addCompletion(program, io);
  return program;
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
