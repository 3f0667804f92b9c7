import { readFile } from 'node:fs/promises';
import type { Log } from '#operator/logging.ts';
import type { NotificationResult } from '#operator/metrics/index.ts';
import { NOTIFICATION_KINDS, type NotificationKind } from './notification.ts';
import { Notifier } from './notifier.ts';
import { builtInTemplate, compileTemplate, type Template } from './template.ts';

/** Where notifications go, and which. */
export interface NotifySettings {
  /** It may hold a secret: nothing shows it. */
  readonly url: URL;
  /** `json`, `slack`, `teams`, or a file's path. */
  readonly template: string;
  readonly kinds: ReadonlySet<NotificationKind>;
}

/** Settings from the flags' texts; undefined without a URL. */
export function notifySettings(
  url: string | undefined,
  template: string,
  kinds: string,
): NotifySettings | undefined {
  const chosen = kindsOf(kinds);
  return url === undefined ? undefined : { url: urlOf(url), template, kinds: chosen };
}

/** Reads the template, so that a mistake in it ends the operator at its start and not at night. */
export async function createNotifier(
  { url, template, kinds }: NotifySettings,
  log: Log,
  onResult: (result: NotificationResult) => void,
): Promise<Notifier> {
  return new Notifier({ url, template: await templateOf(template), kinds, log, onResult });
}

async function templateOf(name: string): Promise<Template> {
  const builtIn = builtInTemplate(name);
  if (builtIn !== undefined) return builtIn;
  try {
    return compileTemplate(await readFile(name, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--notify-template ${JSON.stringify(name)}: ${why}; json, slack and teams need no file`, {
      cause: error,
    });
  }
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error('--notify-url: its value, which is not shown here, is no http:// or https:// URL');
  }
  return url;
}

function kindsOf(text: string): ReadonlySet<NotificationKind> {
  return new Set(
    text.split(',').map((name) => {
      const kind = NOTIFICATION_KINDS.find((each) => each === name.trim());
      if (kind !== undefined) return kind;
      throw new Error(`--notify-on: ${JSON.stringify(name)} is none of ${NOTIFICATION_KINDS.join(', ')}`);
    }),
  );
}
