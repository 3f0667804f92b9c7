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
