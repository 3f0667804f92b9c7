import type { Log } from '#operator/logging.ts';
import { backoffMs, sleep } from './backoff.ts';
import { listPages } from './client.ts';
import { isKubeError } from './errors.ts';
import { ObjectStore } from './store.ts';
import type { Change, Store, StoreOptions } from './store.ts';
import type { Transport } from './transport.ts';
import type { KubeObject, ListScope, ResourceType } from './types.ts';
import { UnionStore } from './union-store.ts';
import { SilentWatchError, watchEvents } from './watch.ts';

/** What befell a list or a watch; for metrics. */
export type ReflectorIncident = 'listed' | 'watched' | 'expired' | 'silent' | 'failed';

export interface ReflectorOptions<T extends KubeObject> extends StoreOptions<T> {
  readonly transport: Transport;
  readonly type: ResourceType<T>;
  /** One list and watch in each; all namespaces in one when absent. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly log: Log;
  readonly onIncident?: (resource: string, incident: ReflectorIncident) => void;
  readonly silenceMs?: number;
}

export type ChangeListener<T> = (change: Change<T>) => void;

const SILENCE_MS = 90_000;
/** An own write that the watch has not shown by then: the stream is held up somewhere. */
const BEHIND_MS = 10_000;
const BACKOFF = { firstMs: 100, maxMs: 5000 };
const MAX_RETRY_AFTER_MS = 30_000;
/** A watch that lived this long was a good one: its end is no failure. */
const GOOD_WATCH_MS = 500;
/** After so many refused watches in a row the version itself is suspect: list again. */
const FAILURES_BEFORE_LIST = 5;

/** Keeps a store like the API server's, by list and watch, through everything that cuts either. */
export class Reflector<T extends KubeObject> {
  readonly store: Store<T>;
  readonly #scopes: readonly Scope<T>[];

  constructor(options: ReflectorOptions<T>) {
    const namespaces = options.namespaces ?? [undefined];
    this.#scopes = namespaces.map((namespace) => new Scope(options, namespace));
    const only = this.#scopes[0];
    const byNamespace = (): UnionStore<T> =>
      new UnionStore(new Map(this.#scopes.map((scope) => [scope.namespace ?? '', scope.store])));
    this.store = only !== undefined && options.namespaces === undefined ? only.store : byNamespace();
  }

  /** Own writes that `observe` put into the store are not told again when the watch shows them. */
  onChange(listener: ChangeListener<T>): void {
    for (const scope of this.#scopes) scope.listeners.push(listener);
  }

  /** Runs until the signal aborts; never throws for what the API server does. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#scopes.map(async (scope) => scope.run(signal)));
  }

  /** Resolves once every store has taken a complete list; rejects with the signal's reason. */
  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#scopes.map(async (scope) => scope.synced(signal)));
  }
}

/** The list and watch of one namespace, or of all. */
class Scope<T extends KubeObject> {
  readonly store: ObjectStore<T>;
  readonly namespace: string | undefined;
  readonly listeners: ChangeListener<T>[] = [];
  readonly #options: ReflectorOptions<T>;
  readonly #scope: ListScope;
  readonly #firstList = Promise.withResolvers<void>();
  #failures = 0;

  constructor(options: ReflectorOptions<T>, namespace: string | undefined) {
    this.#options = options;
    this.namespace = namespace;
    this.store = new ObjectStore(options);
    const { labelSelector } = options;
    this.#scope = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
  }

  async synced(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#firstList.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#list(signal);
        await this.#watchUntilExpired(signal);
      } catch (error) {
        await this.#pause(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const items: T[] = [];
    let version = '';
    for await (const page of listPages(this.#options.transport, this.#options.type, this.#scope, {
      signal,
    })) {
      items.push(...page.items.map((item) => this.store.trim(item)));
      version = page.resourceVersion;
    }
    const changes = this.store.replace(items, version);
    this.#incident('listed');
    this.#recovered();
    this.#firstList.resolve();
    for (const change of changes) this.#tell(change);
  }

  /** Returns when the version that the store stands at is too old, or suspect, to go on from. */
  async #watchUntilExpired(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const started = performance.now();
      try {
        await this.#watch(signal);
        this.#incident('watched');
        // A server that ends every watch at once must not be asked in a tight loop.
        if (performance.now() - started < GOOD_WATCH_MS) await sleep(backoffMs(0, BACKOFF), signal);
      } catch (error) {
        if (isKubeError(error, 'gone')) {
          this.#incident('expired');
          return;
        }
        if (performance.now() - started > GOOD_WATCH_MS && !signal.aborted) this.#failures = 0;
        await this.#pause(error, signal);
        const answered = isKubeError(error) && error.status !== undefined;
        if (answered && this.#failures > 0 && this.#failures % FAILURES_BEFORE_LIST === 0) return;
      }
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { transport, type, silenceMs = SILENCE_MS } = this.#options;
    const events = watchEvents(transport, type, this.#scope, {
      resourceVersion: this.store.progress,
      signal,
      // Spread, so that watches that began together do not end together.
      timeoutSeconds: Math.round(300 * (1 + Math.random())),
      silenceMs,
      stale: () => this.#heldUp(),
    });
    this.store.connected();
    for await (const event of events) {
      this.#recovered();
      if (event.type === 'BOOKMARK') this.store.bookmark(event.resourceVersion);
      else this.#tell(this.store.apply(event.type, event.object));
    }
  }

  #heldUp(): string | undefined {
    const behind = this.store.behindMs();
    return behind > BEHIND_MS
      ? `an own write has not been shown for ${(behind / 1000).toFixed(0)} s`
      : undefined;
  }

  #tell(change: Change<T> | undefined): void {
    if (change === undefined) return;
    for (const listener of this.listeners) listener(change);
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#incident(error instanceof SilentWatchError ? 'silent' : 'failed');
    const retryAfter = isKubeError(error) ? Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0;
    const ms = retryAfter * (1 + Math.random() / 4) + backoffMs(this.#failures, BACKOFF);
    const fields = { resource: this.#options.type.plural, ...this.#scope, error, retryMs: Math.round(ms) };
    // One line for a streak of failures, not one for each.
    if (this.#failures === 3) this.#options.log.warn(fields, 'cannot follow this kind; trying on');
    else this.#options.log.debug(fields, 'list or watch failed');
    this.#failures += 1;
    await sleep(ms, signal);
  }

  #recovered(): void {
    if (this.#failures > 3) {
      this.#options.log.info(
        { resource: this.#options.type.plural, ...this.#scope },
        'following this kind again',
      );
    }
    this.#failures = 0;
  }

  #incident(incident: ReflectorIncident): void {
    this.#options.onIncident?.(this.#options.type.plural, incident);
  }
}
