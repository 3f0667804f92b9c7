/** What a run is planned from: a request's rows that still have to run. */
export interface Waiting {
  /** Requests run together only when their keys match: non-batch dimensions of every input. */
  readonly key: string;
  readonly rows: number;
  /** Rows that ran already. */
  readonly done: number;
}

/** `count` rows of a request, from its row `from` on. */
export interface Slice<T> {
  readonly item: T;
  readonly from: number;
  readonly count: number;
}

/**
 * The next run: the oldest request, and with it what came after it and fits, up to `cap` rows in all; or up to `own` rows
 * of the oldest request alone, where it has more than `cap`.
 * `rest` is the queue afterwards: a request of which rows remain goes to its end, so that it holds up nobody.
 */
export function planRun<T extends Waiting>(
  queue: readonly T[],
  cap: number,
  own = cap,
): { readonly slices: readonly Slice<T>[]; readonly rest: readonly T[]; readonly unfinished: readonly T[] } {
  const first = queue[0];
  if (first !== undefined && own > cap && first.rows - first.done > cap) {
    const count = Math.min(own, first.rows - first.done);
    const unfinished = first.done + count < first.rows ? [first] : [];
    return { slices: [{ item: first, from: first.done, count }], rest: queue.slice(1), unfinished };
  }
  const slices: Slice<T>[] = [];
  const passedBy: T[] = [];
  const unfinished: T[] = [];
  let room = cap;
  let seen = 0;
  for (const item of queue) {
    if (room === 0) break;
    seen++;
    if (item.key !== first?.key) {
      passedBy.push(item);
      continue;
    }
    const count = Math.min(room, item.rows - item.done);
    slices.push({ item, from: item.done, count });
    room -= count;
    if (item.done + count < item.rows) unfinished.push(item);
  }
  return { slices, rest: passedBy.concat(queue.slice(seen)), unfinished };
}
