import { REVISION_HEADER } from '#contract/names.ts';
import { Connection, type Answered } from '#bench/runtime/load/connection.ts';
import type { Samples, SteadyPlan } from './plan.ts';
import { Tally } from './tally.ts';

const TICK_MS = 2;
const REVISION = new RegExp(`\\r\\n${REVISION_HEADER}: *([^\\r]*)`, 'i');

/** What a connection is used for. */
interface Use {
  readonly fresh: boolean;
  /** Its request has ended, whatever became of it. */
  settled: boolean;
}

/**
 * Sends requests at a steady rate, whether or not earlier ones are answered. Nothing is retried: each request that was
 * sent ends as one right answer or one failure.
 */
export class SteadyLoad {
  readonly #plan: SteadyPlan;
  readonly #request: { readonly keptAlive: Buffer; readonly fresh: Buffer };
  readonly #uses = new Map<Connection, Use>();
  /** Kept-alive connections whose last request was answered, the one that waits longest first. */
  readonly #free: Connection[] = [];
  readonly #tally = new Tally();
  readonly #began = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #ticks: NodeJS.Timeout;
  #keptAlive = 0;
  #due = performance.now();
  #turn = 0;

  constructor(plan: SteadyPlan) {
    this.#plan = plan;
    this.#request = { keptAlive: requestOf(plan, 'keep-alive'), fresh: requestOf(plan, 'close') };
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Sends no more, waits for what is on its way, and says what became of all. */
  async stop(): Promise<Samples> {
    clearInterval(this.#ticks);
    while ([...this.#uses.values()].some(({ settled }) => !settled)) {
      await new Promise((resolve) => void setTimeout(resolve, 20));
      this.#giveUpLate();
    }
    for (const connection of this.#uses.keys()) connection.close();
    const { user, system } = process.cpuUsage(this.#cpu);
    return this.#tally.samples((user + system) / 1000 / (performance.now() - this.#began));
  }

  #tick(): void {
    const now = performance.now();
    const gap = 1000 / this.#plan.ratePerSecond;
    for (; this.#due <= now; this.#due += gap) {
      this.#tally.sent(now - this.#due);
      this.#send();
    }
    this.#giveUpLate();
  }

  #send(): void {
    this.#turn += 1;
    const { freshEvery, connections } = this.#plan;
    if (freshEvery > 0 && this.#turn % freshEvery === 0) return this.#open(true);
    const free = this.#keptAlive < connections ? undefined : this.#free.shift();
    if (free === undefined) return this.#open(false);
    this.#uses.set(free, { fresh: false, settled: false });
    free.startedMs = performance.now();
    free.send(this.#request.keptAlive);
  }

  #open(fresh: boolean): void {
    if (!fresh) this.#keptAlive += 1;
    const connection = new Connection(
      this.#plan,
      {
        answered: (which, answer) => this.#answered(which, answer),
        failed: (which, error) => this.#ended(which, error),
      },
      (which) => which.send(fresh ? this.#request.fresh : this.#request.keptAlive),
    );
    connection.startedMs = performance.now();
    this.#uses.set(connection, { fresh, settled: false });
  }

  #answered(connection: Connection, { status, head, body, last }: Answered): void {
    const wrong =
      status === 200
        ? this.#wrong(body)
        : `status ${status}: ${withoutNumbers(body.toString('latin1', 0, 160))}`;
    this.#settle(connection, wrong ?? '', REVISION.exec(`${head}\r\n`)?.[1] ?? '');
    if (this.#uses.get(connection)?.fresh === true) {
      connection.close();
      this.#uses.delete(connection);
    } else if (!last) this.#free.push(connection);
  }

  #wrong(body: Buffer): string | undefined {
    const text = body.toString('latin1');
    const prediction = Number(/"prediction": *([-\d.eE+]+)/.exec(text)?.[1] ?? Number.NaN);
    return this.#plan.predictions.includes(prediction) ? undefined : `a wrong answer: ${text.slice(0, 160)}`;
  }

  /** The connection is no more; an empty error is one that was said with the last answer. */
  #ended(connection: Connection, error: string): void {
    const use = this.#uses.get(connection);
    if (use === undefined) return;
    this.#settle(connection, error === '' ? 'the connection ended without an answer' : error, '');
    this.#uses.delete(connection);
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
    if (!use.fresh) this.#keptAlive -= 1;
  }

  #settle(connection: Connection, failure: string, revision: string): void {
    const use = this.#uses.get(connection);
    if (use === undefined || use.settled) return;
    use.settled = true;
    this.#tally.ended({ startedMs: connection.startedMs, failure, revision, fresh: use.fresh });
  }

  #giveUpLate(): void {
    const limit = performance.now() - this.#plan.timeoutMs;
    for (const [connection, { settled }] of this.#uses) {
      if (settled || connection.startedMs > limit) continue;
      connection.close();
      this.#ended(connection, `no answer within ${this.#plan.timeoutMs} ms`);
    }
  }
}

/** So that one cause counts as one. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, 'N');
}

function requestOf({ host, path, body }: SteadyPlan, connection: 'keep-alive' | 'close'): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `connection: ${connection}`,
    '\r\n',
  ].join('\r\n');
  return Buffer.from(head + body);
}
