import { createHash } from 'node:crypto';

/**
 * Takes a percentage of what comes, spread evenly: of any n in a row, n * percent / 100 to within one. It begins at a
 * random phase, so that many pods that see little do not all take, or all leave, the first.
 */
export class Share {
  /** Percent that are owed. */
  #owed: number;

  constructor(random: () => number) {
    this.#owed = random() * 100;
  }

  take(percent: number): boolean {
    this.#owed += percent;
    if (this.#owed < 100) return false;
    this.#owed -= 100;
    return true;
  }

  /** What was taken came to nothing: the next one is taken in its place. */
  giveBack(): void {
    this.#owed += 100;
  }
}

const RANGE = 2 ** 32;

/**
 * Whether requests with this value of the sticky header go to the candidate of this number. Who goes at a weight goes at
 * every greater one; another candidate meets other values.
 */
export function sticksTo(
  candidate: { readonly number: number; readonly weight: number },
  value: string,
): boolean {
  const digest = createHash('sha256').update(`${candidate.number}:${value}`).digest();
  return (digest.readUInt32BE(0) / RANGE) * 100 < candidate.weight;
}
