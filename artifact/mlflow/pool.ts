import type { MlflowAccess } from './connection.ts';
import { createMlflowServer, type MlflowOptions, type MlflowServer } from './server.ts';

/** Servers by who reads where, so that connections are kept alive between ModelDeployments that share a Secret's content. */
export class MlflowServerPool {
  readonly #options: Pick<MlflowOptions, 'addresses' | 'timing'>;
  readonly #size: number;
  readonly #servers = new Map<string, MlflowServer>();

  constructor(options: Pick<MlflowOptions, 'addresses' | 'timing'> & { readonly size?: number } = {}) {
    this.#options = options;
    this.#size = options.size ?? 64;
  }

  /** The server for this access; the one that was used longest ago goes when there are too many. */
  get(access: MlflowAccess): MlflowServer {
    const key = JSON.stringify([access.url, access.credentials, access.ca]);
    const server = this.#servers.get(key) ?? createMlflowServer({ ...access, ...this.#options });
    this.#servers.delete(key);
    this.#servers.set(key, server);
    const [oldest] = this.#servers.keys();
    // Somebody may still read from it, so it is not closed: its idle connections end by themselves.
    if (this.#servers.size > this.#size && oldest !== undefined) this.#servers.delete(oldest);
    return server;
  }
}
