import { createS3Store, type S3Options, type S3Store } from './store.ts';

/** Stores by who reads where, so that connections are kept alive between the objects that share a Secret. */
export class S3StorePool {
  readonly #options: Pick<S3Options, 'addresses' | 'timing'>;
  readonly #size: number;
  readonly #stores = new Map<string, S3Store>();

  constructor(options: Pick<S3Options, 'addresses' | 'timing'> & { readonly size?: number } = {}) {
    this.#options = options;
    this.#size = options.size ?? 64;
  }

  /** The store for this access; the one that was used longest ago goes when there are too many. */
  get(access: Omit<S3Options, 'addresses' | 'timing'>): S3Store {
    const key = JSON.stringify([access.connection, access.credentials, access.podIdentity]);
    const store = this.#stores.get(key) ?? createS3Store({ ...access, ...this.#options });
    this.#stores.delete(key);
    this.#stores.set(key, store);
    const [oldest] = this.#stores.keys();
    // Somebody may still read from it, so it is not closed: its idle connections end by themselves.
    if (this.#stores.size > this.#size && oldest !== undefined) this.#stores.delete(oldest);
    return store;
  }

  close(): void {
    for (const store of this.#stores.values()) store.close();
    this.#stores.clear();
  }
}
