import type { ArtifactFile } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';

/** Where a file's bytes may come from. */
export interface Source {
  readonly name: 's3' | 'mlflow' | 'peer';
  /** Each request costs it a whole file, so one at a time reads all that is left. */
  readonly oneAtATime?: true;
  /** The bytes from `start` up to but not including `end`. Throws FailureError; `transient` ones are worth another try. */
  read(file: ArtifactFile, start: number, end: number, signal: AbortSignal): AsyncIterable<Buffer>;
}

export interface ChooserOptions {
  /** The first pause of a source that failed; it doubles with each further failure, up to `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** Nothing came from anywhere for so long: the pull fails, and the container's restart goes on where it stopped. */
  readonly giveUpMs: number;
  readonly now?: () => number;
}

export const CHOOSER_OPTIONS: ChooserOptions = { pauseMs: 500, maxPauseMs: 10_000, giveUpMs: 90_000 };

interface Standing {
  readonly source: Source;
  failures: number;
  lasting: number;
  pausedUntil: number;
  last: FailureError | undefined;
}

/** A lasting failure (AccessDenied, NotFound) is believed after this many times: credentials may just be rotating. */
const LASTING_TRIES = 3;
/** Where one source has failed for good, another that is only away is waited for so many times. */
const AWAY_TRIES = 4;

/**
 * Says which source to read from next: the first that is not pausing after a failure, so that S3 is preferred, a peer
 * takes over within seconds, and both are tried in turn while both fail.
 */
export class Chooser {
  readonly #standings: readonly Standing[];
  readonly #options: ChooserOptions;
  readonly #now: () => number;
  /** Since the first failure after the last progress; the time that hashing takes is none of it. */
  #failingSince: number | undefined;

  constructor(sources: readonly Source[], options: ChooserOptions = CHOOSER_OPTIONS) {
    this.#standings = sources.map((source) => ({
      source,
      failures: 0,
      lasting: 0,
      pausedUntil: 0,
      last: undefined,
    }));
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The source to read from, after `waitMs`. Throws PullFailed, with each source's last failure, when it is time to give up. */
  choose(): { readonly source: Source; readonly waitMs: number; readonly chosenAt: number } {
    const now = this.#now();
    const idle = this.#failingSince === undefined ? 0 : now - this.#failingSince;
    if (idle > this.#options.giveUpMs || this.#isHopeless()) throw this.#givenUp(idle);
    const [best] = this.#standings.toSorted(
      (a, b) => Math.max(a.pausedUntil, now) - Math.max(b.pausedUntil, now),
    );
    if (best === undefined) throw new TypeError('no source to pull from');
    return { source: best.source, waitMs: Math.max(0, best.pausedUntil - now), chosenAt: now };
  }

  succeeded(source: Source): void {
    this.#failingSince = undefined;
    const standing = this.#of(source);
    standing.failures = 0;
    standing.lasting = 0;
    standing.pausedUntil = 0;
  }

  /** `chosenAt` is that of the choice: of many reads that fail together, one counts. */
  failed(source: Source, failure: FailureError, chosenAt: number): void {
    const standing = this.#of(source);
    standing.last = failure;
    this.#failingSince ??= this.#now();
    if (chosenAt < standing.pausedUntil) return;
    standing.failures += 1;
    standing.lasting = failure.transient ? 0 : standing.lasting + 1;
    const pause = Math.min(this.#options.pauseMs * 2 ** (standing.failures - 1), this.#options.maxPauseMs);
    standing.pausedUntil = this.#now() + pause;
  }

  #isHopeless(): boolean {
    const isLasting = ({ lasting }: Standing) => lasting >= LASTING_TRIES;
    return (
      this.#standings.some(isLasting) &&
      this.#standings.every((standing) => isLasting(standing) || standing.failures >= AWAY_TRIES)
    );
  }

  #of(source: Source): Standing {
    const standing = this.#standings.find((item) => item.source === source);
    if (standing === undefined) throw new TypeError(`unknown source ${source.name}`);
    return standing;
  }

  #givenUp(idleMs: number): FailureError {
    const causes = this.#standings.map(
      ({ source, last }) => `${source.name}: ${last?.message ?? 'not tried'}`,
    );
    const isChanged = this.#standings.some(({ last }) => last?.reason === 'DigestMismatch');
    return new FailureError(
      isChanged ? 'DigestMismatch' : 'PullFailed',
      `The model could not be pulled; nothing has come for ${Math.round(idleMs / 1000)} s. ${causes.join(' ')}`,
    );
  }
}
