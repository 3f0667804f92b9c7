import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on stdout. */
export function createLogger(level: string, fields: Readonly<Record<string, string>>): Logger {
  return pino({
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    formatters: { level: (label) => ({ level: label }) },
  });
}
