import { Option } from 'commander';
import type { Command } from 'commander';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { parseDuration } from '../options.ts';

/** Where commands are added, and who is told the exit code of the one that ran. */
export interface Host {
  readonly program: Command;
  readonly io: Io;
  readonly finish: (code: ExitCode) => void;
}

export const MINUTE = 60_000;

export function output(...formats: readonly ('json' | 'yaml' | 'wide')[]): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(formats);
}

export function duration(flags: string, description: string, milliseconds: number, shown: string): Option {
  return new Option(flags, description).argParser(parseDuration).default(milliseconds, shown);
}

/** --wait and --no-wait: `wait` is a boolean, true unless it is switched off. */
export function waiting(what: string): readonly Option[] {
  return [
    new Option('--wait', `wait until ${what}`).default(true, 'it waits'),
    new Option('--no-wait', 'return as soon as it is written'),
  ];
}

export const DRY_RUN = ['--dry-run', 'let the API server check it, and write nothing'] as const;
