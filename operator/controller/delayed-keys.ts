interface Entry {
  readonly key: string;
  readonly dueAt: number;
}

/** Keys with the time at which each is due: a binary heap, and the earliest time wins for a key that is added twice. */
export class DelayedKeys {
  readonly #heap: Entry[] = [];
  /** The entry of the heap that counts for a key; others of that key are leftovers. */
  readonly #current = new Map<string, Entry>();

  get size(): number {
    return this.#current.size;
  }

  add(key: string, dueAt: number): void {
    const known = this.#current.get(key);
    if (known !== undefined && known.dueAt <= dueAt) return;
    const entry = { key, dueAt };
    this.#current.set(key, entry);
    if (this.#heap.length > 2 * this.#current.size + 64) this.#rebuild();
    else this.#push(entry);
  }

  remove(key: string): void {
    this.#current.delete(key);
  }

  /** When the next key is due. */
  nextDueAt(): number | undefined {
    this.#dropLeftovers();
    return this.#heap[0]?.dueAt;
  }

  /** Takes every key that is due, earliest first. */
  takeDue(now: number): readonly string[] {
    const due: string[] = [];
    for (;;) {
      this.#dropLeftovers();
      const first = this.#heap[0];
      if (first === undefined || first.dueAt > now) return due;
      this.#pop();
      this.#current.delete(first.key);
      due.push(first.key);
    }
  }

  /** Leftovers must not pile up where keys are given far appointments again and again. */
  #rebuild(): void {
    this.#heap.length = 0;
    for (const entry of this.#current.values()) this.#push(entry);
  }

  #push(entry: Entry): void {
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
  }

  #dropLeftovers(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#current.get(first.key) === first) return;
      this.#pop();
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown(0);
  }

  #siftUp(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfEarlier(index, parent)) return;
      index = parent;
    }
  }

  #siftDown(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const smaller = this.#dueAt(right) < this.#dueAt(left) ? right : left;
      if (smaller >= this.#heap.length || !this.#swapIfEarlier(smaller, index)) return;
      index = smaller;
    }
  }

  #dueAt(index: number): number {
    return this.#heap[index]?.dueAt ?? Infinity;
  }

  /** Swaps the two when `index` is due before `above`. */
  #swapIfEarlier(index: number, above: number): boolean {
    const [lower, upper] = [this.#heap[index], this.#heap[above]];
    if (lower === undefined || upper === undefined || lower.dueAt >= upper.dueAt) return false;
    this.#heap[index] = upper;
    this.#heap[above] = lower;
    return true;
  }
}
