import { setMaxListeners } from 'node:events';
import { FailureError } from '#contract/failure.ts';
import { Turns } from '#operator/controller/index.ts';
import { readFromJob, readWithSecret, type Reading, type ReaderDependencies } from './read.ts';
import type { FinishedJob, SourceFailure, SourceRequest, SourceState } from './state.ts';

/** Resolves sources in the background, so that no ModelDeployment waits for another's store. */
export interface Sources {
  state(modelDeploymentUid: string, specHash: string): SourceState;
  /** Asks for a source; the same request again changes nothing, another spec's replaces it. */
  ensure(request: SourceRequest): void;
  /** Ends what is under way for a ModelDeployment, and forgets what was found. */
  forget(modelDeploymentUid: string): void;
  /** Ends everything. */
  close(): void;
}

export interface SourcesOptions extends ReaderDependencies {
  /** Called with `namespace/name` when a state changed. */
  readonly onChange: (key: string) => void;
  readonly clock?: () => number;
  /** Sources that are read at the same time. */
  readonly concurrency?: number;
  /** First wait after a failure; it doubles up to `mostMs`. */
  readonly retry?: { readonly firstMs: number; readonly mostMs: number };
}

interface Entry {
  request: SourceRequest;
  state: SourceState;
  readonly abort: AbortController;
  /** Failures in a row. */
  failures: number;
  reading: boolean;
  timer: NodeJS.Timeout | undefined;
  /** The last Job that was read, so that it is not read twice while it is being deleted. */
  jobUid: string | undefined;
  marker: string | undefined;
}

const RETRY = { firstMs: 1000, mostMs: 120_000 };

export function createSources(options: SourcesOptions): Sources {
  return new BackgroundSources(options);
}

class BackgroundSources implements Sources {
  readonly #options: SourcesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #turns: Turns;

  constructor(options: SourcesOptions) {
    this.#options = options;
    this.#turns = new Turns(options.concurrency ?? 32);
  }

  state(modelDeploymentUid: string, specHash: string): SourceState {
    const entry = this.#entries.get(modelDeploymentUid);
    return entry?.request.specHash === specHash ? entry.state : { state: 'idle' };
  }

  ensure(request: SourceRequest): void {
    const known = this.#entries.get(request.modelDeploymentUid);
    if (known === undefined || known.request.specHash !== request.specHash) {
      this.forget(request.modelDeploymentUid);
      this.#begin(request);
      return;
    }
    const wasFollowing = known.request.following;
    known.request = request;
    if (request.reader.by === 'job') this.#takeJob(known, request.reader.finished);
    // What was asked for once is followed from now on: the next look is due after the interval.
    if (wasFollowing === undefined && request.following !== undefined)
      this.#later(known, this.#interval(known));
  }

  forget(modelDeploymentUid: string): void {
    const entry = this.#entries.get(modelDeploymentUid);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entry.abort.abort(new Error('the source is not wanted any more'));
    this.#entries.delete(modelDeploymentUid);
  }

  close(): void {
    for (const uid of this.#entries.keys()) this.forget(uid);
  }

  #begin(request: SourceRequest): void {
    const abort = new AbortController();
    setMaxListeners(0, abort.signal);
    const entry: Entry = {
      request,
      state: { state: 'idle' },
      abort,
      failures: 0,
      reading: false,
      timer: undefined,
      jobUid: undefined,
      marker: request.following?.marker,
    };
    this.#entries.set(request.modelDeploymentUid, entry);
    if (request.following === undefined) this.#look(entry);
    else this.#later(entry, this.#interval(entry));
  }

  /** Starts a look: here with a Secret, or by saying that a Job is due. */
  #look(entry: Entry): void {
    const { reader, following } = entry.request;
    entry.timer = undefined;
    if (reader.by === 'secret') {
      // A followed source keeps what was found while it is looked at again.
      if (following === undefined) this.#become(entry, pending(entry, this.#now()));
      void this.#read(entry, async (signal) =>
        readWithSecret(entry.request, reader.secretName, this.#markerToTrust(entry), this.#options, signal),
      );
      return;
    }
    this.#become(entry, pending(entry, this.#now()));
    this.#takeJob(entry, reader.finished);
  }

  #takeJob(entry: Entry, job: FinishedJob | undefined): void {
    if (entry.state.state !== 'pending' || entry.reading) return;
    if (job === undefined || job.uid === entry.jobUid) return;
    entry.jobUid = job.uid;
    void this.#read(entry, async (signal) => ({
      is: 'resolved',
      source: await readFromJob(entry.request, job, this.#options, signal),
    }));
  }

  /** Only a source whose last look found what is in use is known by its marker. */
  #markerToTrust(entry: Entry): string | undefined {
    return entry.request.following === undefined ? undefined : entry.marker;
  }

  async #read(entry: Entry, read: (signal: AbortSignal) => Promise<Reading>): Promise<void> {
    const { signal } = entry.abort;
    entry.reading = true;
    let state: SourceState;
    try {
      const reading = await this.#turns.run(async () => {
        signal.throwIfAborted();
        return read(signal);
      });
      entry.failures = 0;
      state = this.#found(entry, reading);
    } catch (error) {
      if (signal.aborted) return;
      entry.failures += 1;
      state = this.#failed(entry, failureOf(error, entry.request));
    } finally {
      entry.reading = false;
    }
    if (signal.aborted) return;
    this.#schedule(entry);
    this.#become(entry, state);
  }

  #found(entry: Entry, reading: Reading): SourceState {
    if (reading.is === 'resolved') {
      entry.marker = reading.source.marker;
      return { state: 'resolved', source: reading.source, at: this.#now() };
    }
    if (entry.state.state !== 'resolved') return { state: 'idle' };
    const { failure: _, ...found } = entry.state;
    return found;
  }

  /** What was found before stands, while only its refresh fails. */
  #failed(entry: Entry, failure: SourceFailure): SourceState {
    if (entry.state.state === 'resolved') return { ...entry.state, failure };
    return { state: 'failed', failure, at: this.#now() };
  }

  #schedule(entry: Entry): void {
    const { firstMs, mostMs } = this.#options.retry ?? RETRY;
    if (entry.failures > 0) {
      const backoff = Math.min(firstMs * 2 ** Math.min(entry.failures - 1, 20), mostMs);
      this.#later(entry, backoff * (1 + Math.random() / 4));
    } else if (entry.request.following !== undefined) {
      this.#later(entry, this.#interval(entry));
    }
  }

  /** Spread, so that many that were applied together do not look together. */
  #interval(entry: Entry): number {
    const { intervalMs = 0 } = entry.request.following ?? {};
    return intervalMs * (0.9 + Math.random() / 5);
  }

  #later(entry: Entry, ms: number): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this.#look(entry), Math.min(ms, 2 ** 31 - 1));
    entry.timer.unref();
  }

  #become(entry: Entry, state: SourceState): void {
    const changed = JSON.stringify(state) !== JSON.stringify(entry.state);
    entry.state = state;
    if (changed) this.#options.onChange(`${entry.request.namespace}/${entry.request.name}`);
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)();
  }
}

function pending(entry: Entry, now: number): SourceState {
  const failure = 'failure' in entry.state ? entry.state.failure : undefined;
  return { state: 'pending', since: now, ...(failure === undefined ? {} : { failure }) };
}

function failureOf(error: unknown, request: SourceRequest): SourceFailure {
  if (error instanceof FailureError) return { ...error.toFailure(), transient: error.transient };
  const message = `${request.model.uri} could not be read: ${error instanceof Error ? error.message : String(error)}. It is tried again.`;
  return { reason: 'SourceUnavailable', message: message.slice(0, 2000), transient: true };
}
