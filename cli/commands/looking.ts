import type { Command } from 'commander';
import { diff } from '../diff/command.ts';
import type { DiffOptions } from '../diff/command.ts';
import { events } from '../events/command.ts';
import type { EventsOptions } from '../events/command.ts';
import { EXAMPLES } from '../examples.ts';
import { EXIT_HELP } from '../exit.ts';
import { history } from '../history/command.ts';
import type { HistoryOptions } from '../history/command.ts';
import { status } from '../status/command.ts';
import type { StatusOptions } from '../status/command.ts';
import { duration, MINUTE, output } from './option.ts';
import type { Host } from './option.ts';

/** Commands that change nothing. */
export function addLooking(host: Host): void {
  addStatus(host);
  addHistory(host);
  addDiff(host);
  addEvents(host);
}

function addStatus({ program, io, finish }: Host): void {
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
}

function addHistory({ program, io, finish }: Host): void {
  program
    .command('history')
    .summary('every revision: state, model version, digest, age and why')
    .description(
      'Lists the revisions of a ModelDeployment, the newest first, and below them its undos, the automatic ones too. ' +
        'With -o wide also when each served, who undid it, its metrics, image and source.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .addOption(output('json', 'yaml', 'wide'))
    .addHelpText('after', `\n${EXAMPLES.history}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await history(name, command.optsWithGlobals<HistoryOptions>(), io));
    });
}

function addDiff({ program, io, finish }: Host): void {
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
    .option('--exit-code', 'end with 1 where they differ, as git diff does')
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

function addEvents({ program, io, finish }: Host): void {
  program
    .command('events')
    .summary('what happened to it, its revisions, undos and pods, in one time line')
    .description(
      'Shows the events of a ModelDeployment, its revisions, undos and pods in one time line, the newest last. ' +
        'The API server keeps them for an hour by default.',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('-w, --watch', 'go on printing new ones, until Ctrl-C')
    .addOption(output('json', 'yaml', 'wide'))
    .addHelpText('after', `\n${EXAMPLES.events}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await events(name, command.optsWithGlobals<EventsOptions>(), io));
    });
}
