import { randomBytes } from 'node:crypto';
import type { Log } from '#operator/logging.ts';
import { backoffMs, sleep } from './backoff.ts';
import type { Event } from './core-types.ts';
import { EventBudget } from './event-budget.ts';
import { isKubeError } from './errors.ts';
import { microTime } from './micro-time.ts';
import { EVENT } from './types.ts';
import type { Kube, KubeObject, Ref } from './types.ts';

/** What happened to an object, in one sentence for a person. */
export interface EventRecord {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase: why. */
  readonly reason: string;
  readonly message: string;
  /** CamelCase: what the operator was doing. */
  readonly action?: string;
}

export interface EventRecorder {
  /** Returns at once and never throws. The same event again counts up the one that was written. */
  record(regarding: KubeObject, event: EventRecord): void;
}

export interface EventRecorderOptions {
  readonly kube: Kube;
  /** Who reports: the operator's name, and its pod's. */
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly log: Log;
  readonly onDropped?: () => void;
  /** How long a repeated event waits before its count is written again. */
  readonly repeatEveryMs?: number;
}

/** One event that was told, with how often. */
interface Series {
  readonly event: Event;
  count: number;
  lastObservedAt: number;
  /** How many were written; 0 before the first write. */
  writtenCount: number;
  writtenAt: number;
  queued: boolean;
}

const MOST_SERIES = 2000;
const MOST_QUEUED = 2000;
const NOTE_LIMIT = 1024;
const REPEAT_EVERY_MS = 60_000;
const SERIES_ENDS_AFTER_MS = 10 * 60_000;
const ATTEMPTS = 4;
const FLUSH_WITHIN_MS = 2000;

/** Writes events.k8s.io/v1 one after another, beside the work and never in its way. */
export class ApiEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  /** In the order of their last mention, so that the first is the one to forget. */
  readonly #series = new Map<string, Series>();
  readonly #budget = new EventBudget();
  readonly #queue: Series[] = [];
  #wake: (() => void) | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(regarding: KubeObject, event: EventRecord): void {
    const now = Date.now();
    const key = JSON.stringify([regarding.metadata.uid, event.type, event.reason, event.message]);
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastObservedAt < SERIES_ENDS_AFTER_MS) {
      known.count += 1;
      known.lastObservedAt = now;
      this.#series.delete(key);
      this.#series.set(key, known);
      return;
    }
    if (this.#queue.length >= MOST_QUEUED || !this.#budget.take(regarding.metadata.uid ?? '', now)) {
      this.#options.onDropped?.();
      return;
    }
    const series: Series = {
      event: this.#build(regarding, event, now),
      count: 1,
      lastObservedAt: now,
      writtenCount: 0,
      writtenAt: 0,
      queued: false,
    };
    this.#series.set(key, series);
    this.#enqueue(series);
  }

  /** Writes until the signal aborts, and then for two seconds more what is still waiting. */
  async run(signal: AbortSignal): Promise<void> {
    const repeats = setInterval(() => this.#queueRepeats(), 5000);
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        await this.#drain(signal);
        await this.#somethingQueued(signal);
      }
      await this.#drain(AbortSignal.timeout(FLUSH_WITHIN_MS));
    } finally {
      clearInterval(repeats);
      signal.removeEventListener('abort', wake);
    }
  }

  async #drain(signal: AbortSignal): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      next.queued = false;
      await this.#write(next, signal);
      if (signal.aborted) return;
    }
  }

  async #somethingQueued(signal: AbortSignal): Promise<void> {
    if (this.#queue.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #enqueue(series: Series): void {
    if (series.queued) return;
    series.queued = true;
    this.#queue.push(series);
    this.#wake?.();
  }

  #queueRepeats(): void {
    const now = Date.now();
    const every = this.#options.repeatEveryMs ?? REPEAT_EVERY_MS;
    for (const [key, series] of this.#series) {
      const unwritten = series.count > series.writtenCount;
      if (unwritten && now - series.writtenAt >= every) this.#enqueue(series);
      const ended = now - series.lastObservedAt >= SERIES_ENDS_AFTER_MS || this.#series.size > MOST_SERIES;
      if (ended && !unwritten) this.#series.delete(key);
    }
    this.#budget.forgetFull(now);
  }

  async #write(series: Series, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt += 1) {
      try {
        await this.#send(series, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isKubeError(error, 'transient')) {
          // A namespace that is going away, a missing permission: the event is not worth more.
          this.#options.log.debug({ error }, 'event not written');
          break;
        }
        await sleep(
          Math.max(error.retryAfterMs ?? 0, backoffMs(attempt, { firstMs: 200, maxMs: 5000 })),
          signal,
        );
      }
    }
    series.writtenCount = series.count;
    series.writtenAt = Date.now();
    this.#options.onDropped?.();
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    const { count, event } = series;
    const lastObservedTime = microTime(series.lastObservedAt);
    const options = { signal, timeoutMs: 5000 };
    const seriesField = count > 1 ? { series: { count, lastObservedTime } } : {};
    if (series.writtenCount === 0)
      await this.#options.kube.create(EVENT, { ...event, ...seriesField }, options);
    else await this.#options.kube.patch(EVENT, eventRef(event), seriesField, options);
    series.writtenCount = count;
    series.writtenAt = Date.now();
  }

  #build(regarding: KubeObject, event: EventRecord, now: number): Event {
    const { name, namespace = 'default', uid, resourceVersion } = regarding.metadata;
    const suffix = `.${randomBytes(8).toString('hex')}`;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: name.slice(0, 253 - suffix.length) + suffix, namespace },
      eventTime: microTime(now),
      reportingController: this.#options.reportingController,
      reportingInstance: this.#options.reportingInstance.slice(0, 128),
      action: event.action ?? 'Reconcile',
      reason: event.reason,
      note: clip(event.message),
      type: event.type,
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        namespace,
        name,
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    };
  }
}

function eventRef(event: Event): Ref {
  return { namespace: event.metadata.namespace ?? '', name: event.metadata.name };
}

/** The API server counts bytes. */
function clip(message: string): string {
  if (Buffer.byteLength(message) <= NOTE_LIMIT) return message;
  const cut = Buffer.from(message)
    .subarray(0, NOTE_LIMIT - 3)
    .toString('utf8');
  return `${cut.replace(/\uFFFD+$/, '')}…`;
}
