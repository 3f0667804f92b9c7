import { homedir } from 'node:os';
import { join } from 'node:path';

// Nothing of the cluster lives in the checkout: what can be built again is in the cache folder,
// what `down` must find after a crash is in the state folder.

function base(variable: string, fallback: string): string {
  const value = process.env[variable];
  return value === undefined || value === '' ? join(homedir(), fallback) : value;
}

/** Build products and images, safe to delete at any time. */
export function cacheFolder(...parts: readonly string[]): string {
  const root = process.env['WINDLASS_CACHE'] ?? base('XDG_CACHE_HOME', '.cache');
  return join(root, 'windlass', ...parts);
}

/** Process ids, configuration, data and logs of the running cluster. */
export function stateFolder(...parts: readonly string[]): string {
  return join(base('XDG_STATE_HOME', '.local/state'), 'windlass', 'cluster', ...parts);
}

/** The folder of the cluster's sources (component modules, manifests). */
export function sourceFolder(...parts: readonly string[]): string {
  return join(import.meta.dirname, ...parts);
}

/** The checkout. */
export function repositoryFolder(...parts: readonly string[]): string {
  return join(import.meta.dirname, '..', '..', ...parts);
}
