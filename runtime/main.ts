import { FailureError } from '#contract/failure.ts';
import { parseServeArgs, UsageError } from '#runtime/config.ts';
import { readCpuFacts, threadsFor } from '#runtime/engine/threads.ts';
import type { Shutdown } from '#runtime/server.ts';

/** A mistake in the command line, as sysexits.h has it. */
const EXIT_USAGE = 64;
/** An error in the program itself, as sysexits.h has it. */
const EXIT_FAULT = 70;

const USAGE = `runtime serve --model PATH    serves a model over HTTP; serve --help lists the flags
runtime pull --config JSON    fetches and verifies a revision's files
runtime resolve --config JSON reads what a source has, for the operator
`;

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'serve':
      return serve(args);
    case 'pull': {
      const { pullConfigSchema } = await import('#contract/programs.ts');
      const { runPull } = await import('#runtime/pull/index.ts');
      return runPull(pullConfigSchema.parse(readConfig(args)));
    }
    case 'resolve': {
      const { resolveConfigSchema } = await import('#contract/programs.ts');
      const { runResolve } = await import('#runtime/resolve/index.ts');
      return runResolve(resolveConfigSchema.parse(readConfig(args)));
    }
    case 'help':
    case '--help':
      process.stdout.write(USAGE);
      return 0;
    default:
      throw new UsageError(
        `${command === undefined ? 'no command was given' : `there is no command ${command}`}\n\n${USAGE}`,
      );
  }
}

async function serve(args: readonly string[]): Promise<number> {
  const command = parseServeArgs(args, process.env);
  if (command.kind === 'help') {
    process.stdout.write(`${command.text}\n`);
    return 0;
  }
  // libuv reads this when its threads are first used: one for each picture that is decoded at once, and some for files.
  process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, threadsFor(readCpuFacts()) + 2));
  const { recordFault, runServe } = await import('#runtime/server.ts');
  const { greeting } = await import('#runtime/greeting.ts');
  const { options, byHand } = command;
  // A rejection that nobody handles comes here as well.
  process.on('uncaughtException', (error) => {
    recordFault(options, error);
    process.exit(EXIT_FAULT);
  });
  return runServe(options, {
    shutdown: shutdownBySignals(),
    ...(byHand
      ? { onReady: (model, port) => process.stderr.write(greeting(model, options.host, port)) }
      : {}),
  });
}

/** SIGTERM drains, SIGINT stops at once after the answers on their way, a second signal hurries either. */
function shutdownBySignals(): Shutdown {
  const first = Promise.withResolvers<'drain' | 'stop'>();
  const second = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = (how: 'drain' | 'stop'): void => {
    signals++;
    first.resolve(how);
    if (signals === 2) second.resolve();
    if (signals > 2) process.exit(1);
  };
  process.on('SIGTERM', () => onSignal('drain'));
  process.on('SIGINT', () => onSignal('stop'));
  return { requested: first.promise, hurried: second.promise };
}

function readConfig(args: readonly string[]): unknown {
  const [flag, text] = args;
  if (flag !== '--config' || text === undefined) throw new UsageError(`--config is missing\n\n${USAGE}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--config is not JSON: ${String(error)}`);
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  const usage = error instanceof UsageError;
  // The cause of these is not in the program, and their message says all.
  const known = usage || error instanceof FailureError;
  process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(usage ? EXIT_USAGE : 1);
}
