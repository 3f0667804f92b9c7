import type { ObjectStore, Store } from './store.ts';
import type { KubeObject, Ref } from './types.ts';

/** Several namespaces' stores as one: each has its own list and watch, so each its own progress. */
export class UnionStore<T extends KubeObject> implements Store<T> {
  readonly #stores: ReadonlyMap<string, ObjectStore<T>>;

  constructor(stores: ReadonlyMap<string, ObjectStore<T>>) {
    this.#stores = stores;
  }

  get hasSynced(): boolean {
    return this.#stores.values().every((store) => store.hasSynced);
  }

  get(ref: Ref): T | undefined {
    return this.#stores.get(ref.namespace)?.get(ref);
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return this.#stores.get(namespace)?.list(namespace) ?? [];
    return Array.from(this.#stores.values().flatMap((store) => store.list()));
  }

  byIndex(index: string, key: string): readonly T[] {
    return Array.from(this.#stores.values().flatMap((store) => store.byIndex(index, key)));
  }

  observe(object: T): void {
    this.#stores.get(object.metadata.namespace ?? '')?.observe(object);
  }

  forget(ref: Ref, uid?: string): void {
    this.#stores.get(ref.namespace)?.forget(ref, uid);
  }
}
