#!/usr/bin/env node
import { basename } from 'node:path';
import { CommanderError } from 'commander';
import { isKubeError } from '#operator/kube/index.ts';
import { fromKubeError } from './api-errors.ts';
import { CliError, EXIT } from './exit.ts';
import type { ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok); // `| head` has seen enough
  throw error;
});

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stdout: process.stdout,
  stdin: process.stdin,
  env: process.env,
  now: () => new Date(),
  signal: interrupted.signal,
};

process.exitCode = await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<number> {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 22) {
    io.err(`error: kubectl-windlass needs Node.js 22 or newer, and the node on PATH is ${process.version}\n`);
    return EXIT.error;
  }
  let code: ExitCode = EXIT.ok;
  const program = createProgram(io, (finished) => {
    code = finished;
  });
  // kubectl completes plugins by running an executable of this name.
  const completing = basename(process.argv[1] ?? '') === 'kubectl_complete-windlass';
  const words = completing ? ['__complete', '--', ...args] : separated(args);
  try {
    await program.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    return report(error);
  }
}

/** Words to be completed may look like options of our own: everything after `__complete` is theirs. */
function separated(args: readonly string[]): readonly string[] {
  return args[0] === '__complete' ? ['__complete', '--', ...args.slice(1)] : args;
}

function report(error: unknown): number {
  if (interrupted.signal.aborted) return EXIT.interrupted;
  // Commander has printed its own message: help and version end with 0, wrong usage with 2.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const shown = isKubeError(error) ? fromKubeError(error) : error;
  if (!(shown instanceof CliError)) {
    const text = shown instanceof Error ? (shown.stack ?? shown.message) : String(shown);
    io.err(`error: this is a bug in kubectl-windlass: ${text}\n`);
    return EXIT.error;
  }
  io.err(`error: ${shown.message}\n`);
  if (shown.hint !== undefined) io.err(`       ${shown.hint}\n`);
  return shown.exitCode;
}
