const BURST = 25;
const REFILL_MS = 30_000;

/** How many new events one object may have: a burst of 25, then two a minute, so that none floods a namespace. */
export class EventBudget {
  readonly #spent = new Map<string, { tokens: number; at: number }>();

  take(uid: string, now: number): boolean {
    const known = this.#spent.get(uid);
    const tokens = known === undefined ? BURST : refilled(known, now);
    if (tokens < 1) return false;
    this.#spent.set(uid, { tokens: tokens - 1, at: now });
    return true;
  }

  /** Drops the objects whose budget is whole again. */
  forgetFull(now: number): void {
    for (const [uid, known] of this.#spent) {
      if (refilled(known, now) >= BURST) this.#spent.delete(uid);
    }
  }
}

function refilled(known: { readonly tokens: number; readonly at: number }, now: number): number {
  return Math.min(BURST, known.tokens + Math.max(0, now - known.at) / REFILL_MS);
}
