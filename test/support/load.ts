import http from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { REVISION_HEADER } from '#contract/names.ts';

type Body = string | Uint8Array;

/**
 * A steady load: `ratePerSecond` requests, spread over `clients`. Kept-alive clients hold one connection each for as long
 * as the server lets them; fresh ones open a connection for every request. Nothing is retried: what fails is counted.
 */
export interface LoadOptions {
  readonly url: string;
  /** The same each time, or by how many were sent before. */
  readonly body: Body | ((sent: number) => Body);
  /** application/json unless told otherwise. */
  readonly contentType?: string;
  readonly ratePerSecond: number;
  readonly connections: 'keptAlive' | 'fresh';
  readonly clients?: number;
  readonly timeoutMs?: number;
  /** What a right answer looks like; by default a status of 200. Returns what is wrong. */
  readonly verify?: (status: number, body: string) => string | undefined;
}

export interface LoadFailure {
  readonly at: Date;
  readonly error: string;
}

export interface LoadReport {
  readonly sent: number;
  readonly failures: readonly LoadFailure[];
  readonly latencyMs: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Per answering revision: how many answers, and when (performance.now()) the first and the last one came. */
  readonly revisions: ReadonlyMap<
    string,
    { readonly count: number; readonly first: number; readonly last: number }
  >;
}

interface Answer {
  readonly status: number;
  readonly revision: string;
  readonly body: string;
}

function request(
  url: URL,
  {
    body,
    contentType = 'application/json',
  }: { readonly body: Body; readonly contentType?: string | undefined },
  agent: http.Agent | false,
  timeoutMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': contentType, 'content-length': Buffer.byteLength(body) },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            revision: String(incoming.headers[REVISION_HEADER] ?? ''),
            body: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** A running load. `stop()` waits for the answers that are on their way. */
export class Load {
  readonly #options: LoadOptions;
  readonly #stopping = new AbortController();
  readonly #failures: LoadFailure[] = [];
  readonly #latencies: number[] = [];
  readonly #revisions = new Map<string, { count: number; first: number; last: number }>();
  readonly #clients: readonly Promise<void>[];
  #sent = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const clients = options.clients ?? 8;
    this.#clients = Array.from({ length: clients }, (_, index) => this.#client(index, clients));
  }

  get failures(): readonly LoadFailure[] {
    return this.#failures;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Answers so far of one revision. */
  answersOf(revision: string): number {
    return this.#revisions.get(revision)?.count ?? 0;
  }

  async stop(): Promise<LoadReport> {
    this.#stopping.abort();
    await Promise.all(this.#clients);
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return {
      sent: this.#sent,
      failures: this.#failures,
      latencyMs: {
        p50: quantile(sorted, 0.5),
        p95: quantile(sorted, 0.95),
        p99: quantile(sorted, 0.99),
        max: sorted.at(-1) ?? 0,
      },
      revisions: this.#revisions,
    };
  }

  async #client(index: number, clients: number): Promise<void> {
    const periodMs = (1000 * clients) / this.#options.ratePerSecond;
    const agent =
      this.#options.connections === 'keptAlive' ? new http.Agent({ keepAlive: true, maxSockets: 1 }) : false;
    let due = performance.now() + (index * periodMs) / clients;
    while (!this.#stopping.signal.aborted) {
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) break;
      await this.#send(agent);
      due = Math.max(due + periodMs, performance.now() - periodMs);
    }
    if (agent !== false) agent.destroy();
  }

  async #send(agent: http.Agent | false): Promise<void> {
    const { url, contentType, timeoutMs = 10_000, verify } = this.#options;
    const body =
      typeof this.#options.body === 'function' ? this.#options.body(this.#sent) : this.#options.body;
    const start = performance.now();
    this.#sent += 1;
    try {
      const answer = await request(new URL(url), { body, contentType }, agent, timeoutMs);
      const end = performance.now();
      this.#latencies.push(end - start);
      const wrong = verify === undefined ? undefined : verify(answer.status, answer.body);
      if (answer.status !== 200) this.#fail(`${answer.status} ${answer.body.slice(0, 200)}`);
      else if (wrong !== undefined) this.#fail(wrong);
      const seen = this.#revisions.get(answer.revision) ?? { count: 0, first: end, last: end };
      this.#revisions.set(answer.revision, { count: seen.count + 1, first: seen.first, last: end });
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #fail(error: string): void {
    this.#failures.push({ at: new Date(), error });
  }
}
