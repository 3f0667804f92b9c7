import { readFileSync } from 'node:fs';
import { wrongAnswer } from './answer.ts';
import { Connection, type Answered } from './connection.ts';
import { Histogram } from './histogram.ts';
import type { LoadPlan, LoadReport, Pace } from './plan.ts';
import type { WorkloadIndex } from './workload.ts';

/** A sample of the answers is compared with the model's, the first ones and then one of so many. */
const CHECK_EVERY = 64;
const CHECK_FIRST = 64;
/** Kernel ticks of /proc/PID/stat a second. */
const TICKS = 100;

/** Sends requests as a plan says and measures their answers, within the window after the warm-up. */
export class LoadClient {
  readonly #plan: LoadPlan;
  readonly #index: WorkloadIndex;
  readonly #requests: readonly Buffer[];
  readonly #connections = new Set<Connection>();
  readonly #free: Connection[] = [];
  readonly #arrivals: Arrivals | undefined;
  readonly #admitted = new Histogram();
  readonly #refused = new Histogram();
  readonly #gaps = new Histogram();
  readonly #statuses = new Map<number, number>();
  readonly #failures = new Map<string, number>();
  #turn = 0;
  #checked = 0;
  #answers = 0;
  /** Answers and requests in this turn of the event loop. */
  #served = 0;
  #busyMs = 0;
  #windowStart = Infinity;
  #windowEnd = Infinity;
  #over = false;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#index = JSON.parse(readFileSync(plan.files.index, 'utf8')) as WorkloadIndex;
    const bytes = readFileSync(plan.files.bytes);
    this.#requests = this.#index.requests.map(({ from, to }) => bytes.subarray(from, to));
    this.#arrivals = plan.pace.kind === 'open' ? new Arrivals(plan.pace) : undefined;
  }

  async run(): Promise<LoadReport> {
    const { connections, warmupSeconds, seconds } = this.#plan;
    await Promise.all(Array.from({ length: connections }, () => this.#open()));
    const start = performance.now();
    this.#windowStart = start + warmupSeconds * 1000;
    this.#windowEnd = this.#windowStart + seconds * 1000;
    this.#arrivals?.begin(start);
    if (this.#arrivals === undefined) while (this.#free.length > 0) this.#sendNext(performance.now());
    if (this.#plan.spin) setImmediate(() => this.#spin(performance.now()));
    await until(this.#windowStart);
    const before = this.#cpu();
    await until(this.#windowEnd);
    const after = this.#cpu();
    this.#over = true;
    const wall = (after.atMs - before.atMs) / 1000;
    const unsent = this.#arrivals?.unsent(this.#windowEnd, (due) => {
      this.#admitted.add((this.#windowEnd - due) * 1000);
    });
    this.#stuck();
    for (const connection of this.#connections) connection.close();
    return {
      seconds: wall,
      answers: this.#admitted.count + this.#refused.count - (unsent ?? 0),
      statuses: Object.fromEntries(this.#statuses),
      failures: Object.fromEntries(this.#failures),
      checked: this.#checked,
      unsent: unsent ?? 0,
      latency: summary(this.#admitted),
      refusedLatency: summary(this.#refused),
      clientCpuShare: (this.#plan.spin ? this.#busyMs / 1000 : after.own - before.own) / wall,
      clientLagP99Ms: this.#gaps.quantile(0.99),
      serverCpuSeconds: after.server - before.server,
    };
  }

  #open(): Promise<void> {
    return new Promise((resolve) => {
      const connection = new Connection(
        { host: '127.0.0.1', port: this.#plan.port },
        {
          answered: (which, answer) => this.#answered(which, answer),
          failed: (which, error) => this.#failed(which, error, resolve),
        },
        () => {
          this.#free.push(connection);
          if (this.#windowEnd < Infinity && this.#arrivals === undefined) this.#sendNext(performance.now());
          resolve();
        },
      );
      this.#connections.add(connection);
    });
  }

  #sendNext(startedMs: number): void {
    // Each in its turn: a server gives up a connection that never sends anything.
    const connection = this.#free.shift();
    if (connection === undefined) return;
    const request = this.#turn % this.#requests.length;
    const bytes = this.#requests[request];
    if (bytes === undefined) return;
    this.#turn++;
    connection.request = request;
    connection.startedMs = startedMs;
    connection.sentMs = performance.now();
    connection.send(bytes);
  }

  /** Turns of the event loop without end. Open loop: sends what is due, each as of when it was due. */
  #spin(previousMs: number): void {
    if (this.#over) return;
    const now = performance.now();
    if (now > this.#windowStart) {
      this.#gaps.add((now - previousMs) * 1000);
      if (this.#served > 0) this.#busyMs += now - previousMs;
    }
    this.#served = 0;
    while (this.#arrivals !== undefined && this.#free.length > 0) {
      const due = this.#arrivals.take(now);
      if (due === undefined) break;
      this.#sendNext(due);
      this.#served++;
    }
    setImmediate(() => this.#spin(now));
  }

  #answered(connection: Connection, { status, body, last }: Answered): void {
    if (this.#over) return;
    const now = performance.now();
    const { request } = connection;
    this.#served++;
    if (now >= this.#windowStart && now < this.#windowEnd) {
      const us = (now - connection.startedMs) * 1000;
      if (status < 300) this.#admitted.add(us);
      else this.#refused.add(us);
      this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    }
    if (status >= 300 && !this.#plan.allowed.includes(status))
      this.#count(`status ${status}: ${body.toString('latin1', 0, 200)}`);
    if (status < 300 && (this.#answers++ < CHECK_FIRST || this.#answers % CHECK_EVERY === 0))
      this.#check(request, body);
    if (last) return;
    this.#free.push(connection);
    if (this.#arrivals === undefined) this.#sendNext(now);
  }

  #check(request: number, body: Buffer): void {
    const { answer, tolerance, requests } = this.#index;
    const problem = wrongAnswer(answer, body, requests[request]?.expected ?? [], tolerance);
    this.#checked++;
    if (problem !== undefined) this.#count(`wrong answer to request ${request}: ${problem}`);
  }

  /** An empty error: the server said that it would close, which is no failure. */
  #failed(connection: Connection, error: string, opened: () => void): void {
    this.#connections.delete(connection);
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
    opened();
    if (this.#over) return;
    if (error !== '') this.#count(error);
    setTimeout(() => void this.#open(), error === '' ? 0 : 10);
  }

  #count(failure: string): void {
    this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
  }

  /** A request without an answer for five seconds is a failure; later ones are merely on their way. */
  #stuck(): void {
    for (const { busy, sentMs } of this.#connections)
      if (busy && this.#windowEnd - sentMs > 5000) this.#count('no answer in 5 s');
  }

  #cpu(): { readonly own: number; readonly server: number; readonly atMs: number } {
    const { user, system } = process.cpuUsage();
    const server = this.#plan.serverPids.reduce((sum, pid) => sum + processCpuSeconds(pid), 0);
    return { own: (user + system) / 1e6, server, atMs: performance.now() };
  }
}

/** When requests come that know nothing of each other: a Poisson process, the same one in each run. */
class Arrivals {
  readonly #meanMs: number;
  #next = 0;
  #seed = 0x9e3779b9;

  constructor({ ratePerSecond }: Extract<Pace, { kind: 'open' }>) {
    this.#meanMs = 1000 / ratePerSecond;
  }

  begin(atMs: number): void {
    this.#next = atMs + this.#gap();
  }

  /** When the next request was due, if it is. */
  take(nowMs: number): number | undefined {
    if (this.#next > nowMs) return undefined;
    const due = this.#next;
    this.#next += this.#gap();
    return due;
  }

  /** Requests that were due and never sent, because no connection was free. */
  unsent(nowMs: number, each: (due: number) => void): number {
    let count = 0;
    for (let due = this.take(nowMs); due !== undefined; due = this.take(nowMs)) {
      each(due);
      count++;
    }
    return count;
  }

  /** An exponential gap; the generator is xorshift32. */
  #gap(): number {
    this.#seed ^= this.#seed << 13;
    this.#seed ^= this.#seed >>> 17;
    this.#seed ^= this.#seed << 5;
    return -Math.log(((this.#seed >>> 0) + 1) / 4294967297) * this.#meanMs;
  }
}

/** User and system time of a process and all its threads. */
function processCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function summary(histogram: Histogram): LoadReport['latency'] {
  return {
    p50Ms: histogram.quantile(0.5),
    p90Ms: histogram.quantile(0.9),
    p99Ms: histogram.quantile(0.99),
    maxMs: histogram.maxMs,
  };
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, atMs - performance.now()));
  });
}
