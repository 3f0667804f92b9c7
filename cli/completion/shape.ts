import type { Argument, Command, Option } from 'commander';
import type { CommandShape, OptionShape } from './candidates.ts';

const ARGUMENTS: Readonly<Record<string, CommandShape['arguments'][number]>> = {
  name: 'deployment',
  a: 'revision',
  b: 'revision',
  dir: 'file',
  from: 'file',
  shell: 'shell',
};
const VALUES: Readonly<Record<string, OptionShape['value']>> = {
  namespace: 'namespace',
  kubeconfig: 'file',
  'to-revision': 'revision',
  revision: 'revision',
  data: 'file',
  output: 'file',
};

/** The program as the completion sees it: whatever has a command or an option is completed. */
export function shapesOf(program: Command): {
  readonly commands: readonly CommandShape[];
  readonly globals: readonly OptionShape[];
} {
  return {
    commands: program
      .createHelp()
      .visibleCommands(program)
      .filter((command) => command.name() !== 'help')
      .map((command) => ({
        name: command.name(),
        description: command.summary() || command.description(),
        arguments: command.registeredArguments.flatMap((argument) => argumentKind(argument)),
        options: command.options.map((option) => optionShape(option)),
      })),
    globals: program.options.map((option) => optionShape(option)),
  };
}

function argumentKind(argument: Argument): CommandShape['arguments'] {
  const kind = ARGUMENTS[argument.name().toLowerCase()];
  return kind === undefined ? [] : [kind];
}

function optionShape(option: Option): OptionShape {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const takesValue = option.required || option.optional;
  const value = option.argChoices ?? VALUES[option.long?.slice(2) ?? ''] ?? 'other';
  return { flags, description: option.description, ...(takesValue ? { value } : {}) };
}
