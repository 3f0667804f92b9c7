import { randomUUID } from 'node:crypto';
import type { Log } from '#operator/logging.ts';
import type { NotificationResult } from '#operator/metrics/index.ts';
import { post } from './delivery.ts';
import type { Notification, NotificationKind } from './notification.ts';
import type { Template } from './template.ts';

export interface NotifierOptions {
  /** It may hold a secret, and is never logged. */
  readonly url: URL;
  readonly template: Template;
  readonly kinds: ReadonlySet<NotificationKind>;
  readonly log: Log;
  readonly onResult: (result: NotificationResult) => void;
  readonly timings?: Partial<Timings>;
}

export interface Timings {
  /** One try takes at most so long. */
  readonly tryMs: number;
  /** Waits between tries; one more try than there are waits. */
  readonly waitsMs: readonly number[];
  /** The longest that a receiver may ask us to wait. */
  readonly longestWaitMs: number;
}

const TIMINGS: Timings = { tryMs: 10_000, waitsMs: [1000, 5000, 25_000], longestWaitMs: 60_000 };
/** A receiver that is down must not fill the memory. */
const MOST_WAITING = 256;
/** Happenings that were told lately: a plan that is carried out twice tells them once. */
const MOST_REMEMBERED = 1024;

/** Tells a webhook, in the background, one after another; nothing here throws or is waited for. */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #timings: Timings;
  readonly #waiting: Notification[] = [];
  readonly #told = new Set<string>();
  #sending = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
  }

  notify(notification: Notification): void {
    const { kinds, onResult, log } = this.#options;
    if (!kinds.has(notification.kind) || !this.#isNews(notification)) return;
    if (this.#waiting.length >= MOST_WAITING) {
      onResult('dropped');
      log.warn(
        { ...about(notification), waiting: MOST_WAITING },
        'a notification was dropped: too many wait',
      );
      return;
    }
    this.#waiting.push(notification);
    if (!this.#sending) void this.#send();
  }

  #isNews({ kind, namespace, name, revision, message }: Notification): boolean {
    const happening = JSON.stringify([kind, namespace, name, revision, message]);
    if (this.#told.has(happening)) return false;
    this.#told.add(happening);
    const [oldest] = this.#told;
    if (this.#told.size > MOST_REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }

  async #send(): Promise<void> {
    this.#sending = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#options.onResult(await this.#deliver(next));
    }
    this.#sending = false;
  }

  async #deliver(notification: Notification): Promise<NotificationResult> {
    const { url, template, log } = this.#options;
    const { tryMs, waitsMs, longestWaitMs } = this.#timings;
    const body = template(notification);
    const id = randomUUID();
    for (let tries = 1; ; tries++) {
      const outcome = await post(url, body, id, tryMs);
      if (outcome.is === 'sent') return 'sent';
      const wait = waitsMs[tries - 1];
      if (!outcome.again || wait === undefined) {
        log.warn({ ...about(notification), tries, why: outcome.why }, 'a notification was not delivered');
        return 'failed';
      }
      await pause(Math.min(outcome.retryAfterMs ?? wait, longestWaitMs));
    }
  }
}

function about({ kind, namespace, name }: Notification): object {
  return { notification: kind, namespace, name };
}

/** Keeps no process alive. */
async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
