/** Asks one query and keeps what comes of it. Never throws, and ends soon after its signal does. */
export type Asking = (signal: AbortSignal) => Promise<void>;

interface Owner {
  /** By the query's text, in the order in which they came. */
  readonly waiting: Map<string, Asking>;
  running: { readonly query: string; readonly abort: AbortController } | undefined;
}

/**
 * Whose query is next. No owner has more than one running, and owners take turns: one whose queries are slow waits for
 * itself. What waits or runs already does not wait a second time.
 */
export class QueryTurns {
  #free: number;
  /** Those with something that waits or runs; whoever had a turn last is last. */
  readonly #owners = new Map<string, Owner>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Whether it waits or runs. */
  has(owner: string, query: string): boolean {
    const { waiting, running } = this.#owners.get(owner) ?? {};
    return running?.query === query || waiting?.has(query) === true;
  }

  add(owner: string, query: string, asking: Asking): void {
    if (this.has(owner, query)) return;
    const entry = this.#owners.get(owner) ?? { waiting: new Map<string, Asking>(), running: undefined };
    entry.waiting.set(query, asking);
    this.#owners.set(owner, entry);
    this.#startAll();
  }

  /** Drops an owner's other queries, the one that runs too. */
  keepOnly(owner: string, queries: readonly string[]): void {
    const entry = this.#owners.get(owner);
    if (entry === undefined) return;
    for (const query of entry.waiting.keys()) if (!queries.includes(query)) entry.waiting.delete(query);
    if (entry.running !== undefined && !queries.includes(entry.running.query)) entry.running.abort.abort();
    if (entry.waiting.size === 0 && entry.running === undefined) this.#owners.delete(owner);
  }

  #startAll(): void {
    for (const [name, owner] of this.#owners) {
      if (this.#free === 0) return;
      const [first] = owner.waiting;
      if (first === undefined || owner.running !== undefined) continue;
      void this.#start(name, owner, first);
    }
  }

  async #start(name: string, owner: Owner, [query, asking]: [string, Asking]): Promise<void> {
    const abort = new AbortController();
    owner.waiting.delete(query);
    owner.running = { query, abort };
    this.#free -= 1;
    await asking(abort.signal);
    owner.running = undefined;
    this.#free += 1;
    this.#owners.delete(name);
    if (owner.waiting.size > 0) this.#owners.set(name, owner);
    this.#startAll();
  }
}
