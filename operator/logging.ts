import { AsyncLocalStorage } from 'node:async_hooks';
import { pino } from 'pino';
import type { DestinationStream } from 'pino';

/** What the rest of the operator knows of the logger: fields first, then the sentence. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The fields that every line carries which is written during one reconcile. */
export interface LogScope {
  readonly reconcileId: string;
  readonly namespace: string;
  readonly name: string;
}

const scopes = new AsyncLocalStorage<LogScope>();

/** Lines that `work` writes, however deep, carry the scope's fields. */
export function withLogScope<Result>(scope: LogScope, work: () => Result): Result {
  return scopes.run(scope, work);
}

/** JSON lines on stdout: time in ISO 8601, level by name, the object's name and the reconcile's id. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => scopes.getStore() ?? {},
      messageKey: 'message',
      errorKey: 'error',
      serializers: { error: describeError },
    },
    destination,
  );
}

/** An error as a log shows it; the stack only where the error is not one that was expected. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const expected = 'kind' in error ? { kind: error.kind } : { stack: error.stack };
  return { message: error.message, ...expected };
}
