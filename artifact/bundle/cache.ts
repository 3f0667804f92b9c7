import { Flights, Gate } from './flights.ts';
import type { CheckedModel } from './preflight.ts';
import type { Found } from './resolve.ts';

export interface ResolutionCacheOptions {
  readonly maxEntries?: number;
  /** Of what the entries weigh together, as JSON. */
  readonly maxBytes?: number;
  /** Models that are read at the same time for one identity at one store. */
  readonly parallel?: number;
}

/**
 * Remembers models that passed, by store, credentials, URI and the state of the object, so that many ModelDeployments of
 * one model read it once; and lets equal requests that run at the same time share one answer. Failures are not kept.
 */
export class ResolutionCache {
  readonly flights = new Flights<Found>();
  readonly gate: Gate;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<
    string,
    { readonly marker: string; readonly checked: CheckedModel; readonly bytes: number }
  >();
  #bytes = 0;

  constructor({ maxEntries = 512, maxBytes = 8 * 1024 * 1024, parallel = 4 }: ResolutionCacheOptions = {}) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.gate = new Gate(parallel);
  }

  get(key: string, marker: string): CheckedModel | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.marker !== marker) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.checked;
  }

  set(key: string, marker: string, checked: CheckedModel): void {
    this.#drop(key);
    const bytes = JSON.stringify(checked).length;
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { marker, checked, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
