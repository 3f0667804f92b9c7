import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { forget, killAtEnd } from './watchdog.ts';

export interface ChildOptions {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: string;
}

/** A server that runs until it is stopped, and never longer than the process that started it. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  /** Settles when the process has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<string>;
  readonly running: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends the process, with SIGKILL unless told otherwise, and waits until it is gone. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

export function startChild(options: ChildOptions): Child {
  const log = openSync(options.log, 'a');
  const child = spawn(options.file, options.args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...options.env },
    stdio: ['ignore', log, log],
    detached: true, // Ctrl-C in a terminal goes to us alone: we end the children in order
  });
  closeSync(log);
  const { pid } = child;
  let running = pid !== undefined;
  if (pid !== undefined) killAtEnd(pid);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      running = false;
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      running = false;
      if (pid !== undefined) forget(pid);
      resolve(signal ?? `exit code ${code ?? -1}`);
    });
  });
  child.unref();
  const signal = (name: NodeJS.Signals): void => {
    if (running) child.kill(name);
  };
  return {
    name: options.name,
    pid: pid ?? -1,
    log: options.log,
    ended,
    running: () => running,
    signal,
    stop: async (name = 'SIGKILL') => {
      child.ref();
      signal(name);
      signal('SIGCONT');
      await ended;
    },
  };
}

/** Polls until `probe` answers true; throws when the child ends before, or after `timeout` milliseconds, with its log's end. */
export async function untilReady(
  child: Child,
  probe: () => Promise<boolean>,
  timeout: number,
): Promise<void> {
  const end = performance.now() + timeout;
  while (performance.now() < end) {
    if (!child.running())
      throw new Error(`${child.name} ended (${await child.ended})\n${await logTail(child.log)}`);
    if (await probe().catch(() => false)) return;
    await sleep(50);
  }
  throw new Error(`${child.name} was not ready after ${timeout / 1000} s\n${await logTail(child.log)}`);
}

/** The last lines of a log file. */
export async function logTail(path: string, lines = 20): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
