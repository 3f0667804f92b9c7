import type { Command } from 'commander';
import { EXAMPLES } from '../examples.ts';
import { EXIT_HELP } from '../exit.ts';
import { parseDuration, parseStep } from '../options.ts';
import { pause, resume } from '../rollout/pause.ts';
import type { PauseOptions } from '../rollout/pause.ts';
import { promote } from '../rollout/promote.ts';
import type { PromoteOptions } from '../rollout/promote.ts';
import { retrain, type RetrainOptions } from '../retrain/command.ts';
import { abort, undo } from '../undo/command.ts';
import type { AbortOptions, UndoOptions } from '../undo/command.ts';
import { DRY_RUN, duration, MINUTE, output, waiting } from './option.ts';
import type { Host } from './option.ts';

/** Commands that move traffic, or keep it from moving; none writes a ModelDeployment's spec. */
export function addChanging(host: Host): void {
  addPromote(host);
  addAbort(host);
  addPausing(host);
  addUndo(host);
  addRetrain(host);
}

function addPromote({ program, io, finish }: Host): void {
  const command = program
    .command('promote')
    .summary('end the hold that a rollout is in, or all of them')
    .description(
      'Ends the hold that the rollout is in, whether it waits for a time or for a person; with --full all that come. ' +
        'It sets the annotation windlass.dev/promote, which is good for this candidate and this step alone.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('--full', 'past every hold, to the whole traffic')
    .option('--revision <revision>', 'promote only if this is the candidate: the one that you looked at')
    .option(
      '--step <number>',
      'end the hold of this step alone (0: before the first); for scripts',
      parseStep,
    )
    .option(...DRY_RUN)
    .option('--timeout <duration>', 'how long to wait (default: 1m; 10m with --full)', parseDuration);
  for (const option of waiting('the rollout has moved on')) command.addOption(option);
  command
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.promote}\n\n${EXIT_HELP}`)
    .action(async (name: string) => {
      finish(await promote(name, command.optsWithGlobals<PromoteOptions>(), io));
    });
}

function addAbort({ program, io, finish }: Host): void {
  const command = program
    .command('abort')
    .summary('end a rollout: the candidate goes, what serves stays')
    .description(
      'Ends the rollout that is on its way by creating a ModelRollback to the stable revision, as undo does. ' +
        'The ModelDeployment stays as it is; the next change of its spec tries again.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('--reason <text>', 'why; kept in the ModelRollback and shown in the history')
    .option(...DRY_RUN);
  for (const option of waiting('the candidate has no traffic')) command.addOption(option);
  command
    .addOption(duration('--timeout <duration>', 'how long to wait', 5 * MINUTE, '5m'))
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.abort}\n\n${EXIT_HELP}`)
    .action(async (name: string) => {
      finish(await abort(name, command.optsWithGlobals<AbortOptions>(), io));
    });
}

function addPausing({ program, io, finish }: Host): void {
  program
    .command('pause')
    .summary('keep a rollout where it is')
    .description(
      'Keeps the rollout at its weight until it is resumed, by the annotation windlass.dev/paused, which is good for this candidate alone.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option(...DRY_RUN)
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.pause}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await pause(name, command.optsWithGlobals<PauseOptions>(), io));
    });
  program
    .command('resume')
    .summary('let a paused rollout go on')
    .description('Takes the pause back that "pause" made.')
    .argument('<NAME>', 'a ModelDeployment')
    .option(...DRY_RUN)
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.resume}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await resume(name, command.optsWithGlobals<PauseOptions>(), io));
    });
}

function addUndo({ program, io, finish }: Host): void {
  const command = program
    .command('undo')
    .summary('go back to an earlier revision')
    .description(
      'Goes back to an earlier revision by creating a ModelRollback, and waits until it serves. ' +
        'The ModelDeployment stays as it is (GitOps tools see no change); the next change of its spec ends the undo.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('--to-revision <revision>', 'a number or name from the history (default: what served before)')
    .option('--reason <text>', 'why; kept in the ModelRollback and shown in the history')
    .option(...DRY_RUN);
  for (const option of waiting('it serves')) command.addOption(option);
  command
    .addOption(duration('--timeout <duration>', 'how long to wait', 5 * MINUTE, '5m'))
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.undo}\n\n${EXIT_HELP}`)
    .action(async (name: string) => {
      finish(await undo(name, command.optsWithGlobals<UndoOptions>(), io));
    });
}

function addRetrain({ program, io, finish }: Host): void {
  const command = program
    .command('retrain')
    .summary('train a new model now')
    .description(
      'Creates a Job from the template of spec.retraining, as kubectl create job --from would. ' +
        'What it pushes becomes a revision that goes through the same checks; the ModelDeployment stays as it is.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('--force', 'though another retraining runs')
    .option(...DRY_RUN)
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.retrain}\n\n${EXIT_HELP}`)
    .action(async (name: string) => {
      finish(await retrain(name, command.optsWithGlobals<RetrainOptions>(), io));
    });
}
