import { isNewer, versionOf } from './resource-version.ts';
import type { KubeObject, Ref } from './types.ts';

/** What a cache shows to those who decide. Objects are shared and never changed: treat them as frozen. */
export interface Store<T extends KubeObject> {
  /** True once a complete list was taken; a store that never synced is not an empty cluster. */
  readonly hasSynced: boolean;
  get(ref: Ref): T | undefined;
  list(namespace?: string): readonly T[];
  byIndex(index: string, key: string): readonly T[];
  /** An own write, so that the next read sees it before the watch does; an older version than the known one is ignored. */
  observe(object: T): void;
  /** An own delete; with a UID only that very object is dropped. */
  forget(ref: Ref, uid?: string): void;
}

export type Change<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T };

/** Keys under which an object is found by `byIndex`. */
export type Indexer<T> = (object: T) => readonly string[];

export interface StoreOptions<T extends KubeObject> {
  /** Trims what nobody reads, before an object is kept; must keep metadata's identity and version. */
  readonly transform?: (object: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
}

/** The objects of one list and watch. The watch's order is the truth; own writes may run ahead of it. */
export class ObjectStore<T extends KubeObject> implements Store<T> {
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #indexes = new Map<string, { keys: Indexer<T>; objects: Map<string, Set<T>> }>();
  readonly #transform: (object: T) => T;
  /** Everything up to this version is in the store, whether it was told by a list, an event or a bookmark. */
  #progress = '';
  #synced = false;
  /** The newest own write that the watch has not passed yet. */
  #ahead: { readonly version: string; readonly since: number } | undefined;

  constructor(options: StoreOptions<T> = {}) {
    this.#transform = options.transform ?? ((object) => object);
    for (const [name, keys] of Object.entries(options.indexers ?? {})) {
      this.#indexes.set(name, { keys, objects: new Map() });
    }
  }

  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Where a watch has to go on. */
  get progress(): string {
    return this.#progress;
  }

  get(ref: Ref): T | undefined {
    return this.#namespaces.get(ref.namespace)?.get(ref.name);
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return Array.from(this.#namespaces.values().flatMap((objects) => objects.values()));
  }

  byIndex(index: string, key: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`no index ${JSON.stringify(index)} in this store`);
    return [...(found.objects.get(key) ?? [])];
  }

  observe(object: T): void {
    const version = versionOf(object);
    // The watch has been there: what it told since is the truth, a deletion included.
    if (!isNewer(version, this.#progress)) return;
    const known = this.get(refOf(object));
    if (known !== undefined && !isNewer(version, versionOf(known))) return;
    this.#put(this.#transform(object));
    if (this.#ahead === undefined || isNewer(version, this.#ahead.version)) {
      this.#ahead = { version, since: this.#ahead?.since ?? performance.now() };
    }
  }

  forget(ref: Ref, uid?: string): void {
    const known = this.get(ref);
    if (known !== undefined && (uid === undefined || known.metadata.uid === uid)) this.#remove(known);
  }

  /** The form in which an object is kept. */
  trim(object: T): T {
    return this.#transform(object);
  }

  /** How long an own write has waited for the watch to pass it; 0 when none does. A live watch needs milliseconds. */
  behindMs(): number {
    return this.#ahead === undefined ? 0 : performance.now() - this.#ahead.since;
  }

  /** A new connection gets its time to show own writes. */
  connected(): void {
    if (this.#ahead !== undefined) this.#ahead = { ...this.#ahead, since: performance.now() };
  }

  /** Takes a complete list of trimmed objects; deletions that nobody told of come out as changes. */
  replace(items: readonly T[], resourceVersion: string): readonly Change<T>[] {
    // A list older than what was seen before: etcd was restored from a backup, and the list alone is the truth.
    const restored = isNewer(this.#progress, resourceVersion);
    const changes: Change<T>[] = [];
    const listed = new Set<string>();
    for (const item of items) {
      const { namespace, name } = refOf(item);
      listed.add(`${namespace}/${name}`);
      const known = this.get({ namespace, name });
      const differs = restored ? versionOf(item) !== known?.metadata.resourceVersion : true;
      if (restored && differs && known !== undefined) this.#remove(known);
      const change = differs ? this.#upsert(item) : undefined;
      if (change !== undefined) changes.push(change);
    }
    for (const known of this.list()) {
      const { namespace, name } = refOf(known);
      const ahead = !restored && isNewer(versionOf(known), resourceVersion);
      if (listed.has(`${namespace}/${name}`) || ahead) continue;
      this.#remove(known);
      changes.push({ type: 'deleted', object: known });
    }
    this.#synced = true;
    this.#progress = resourceVersion;
    this.#settleAhead(restored);
    return changes;
  }

  /** Takes one event of the watch; undefined where it tells nothing new. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): Change<T> | undefined {
    const change = type === 'DELETED' ? this.#drop(object) : this.#upsert(this.#transform(object));
    this.bookmark(versionOf(object));
    return change;
  }

  /** The watch has told everything up to this version. */
  bookmark(resourceVersion: string): void {
    if (isNewer(resourceVersion, this.#progress)) this.#progress = resourceVersion;
    this.#settleAhead(false);
  }

  #settleAhead(restored: boolean): void {
    if (this.#ahead === undefined) return;
    if (restored || !isNewer(this.#ahead.version, this.#progress)) this.#ahead = undefined;
  }

  #upsert(object: T): Change<T> | undefined {
    const known = this.get(refOf(object));
    if (known !== undefined && !isNewer(versionOf(object), versionOf(known))) return undefined;
    this.#put(object);
    return known === undefined ? { type: 'added', object } : { type: 'updated', object, previous: known };
  }

  #drop(object: T): Change<T> | undefined {
    const known = this.get(refOf(object));
    // An own write after that deletion made the object anew.
    if (known === undefined || isNewer(versionOf(known), versionOf(object))) return undefined;
    this.#remove(known);
    return { type: 'deleted', object: known };
  }

  #put(object: T): void {
    const { namespace, name } = refOf(object);
    let objects = this.#namespaces.get(namespace);
    if (objects === undefined) this.#namespaces.set(namespace, (objects = new Map()));
    const known = objects.get(name);
    if (known !== undefined) this.#unindex(known);
    objects.set(name, object);
    for (const index of this.#indexes.values()) {
      for (const key of index.keys(object)) {
        const found = index.objects.get(key);
        if (found === undefined) index.objects.set(key, new Set([object]));
        else found.add(object);
      }
    }
  }

  #remove(object: T): void {
    const { namespace, name } = refOf(object);
    const objects = this.#namespaces.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) this.#namespaces.delete(namespace);
    this.#unindex(object);
  }

  #unindex(object: T): void {
    for (const index of this.#indexes.values()) {
      for (const key of index.keys(object)) {
        const found = index.objects.get(key);
        found?.delete(object);
        if (found?.size === 0) index.objects.delete(key);
      }
    }
  }
}

function refOf(object: KubeObject): Ref {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}
