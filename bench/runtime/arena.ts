import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  assertRight,
  runLoad,
  writeWorkload,
  type LoadPlan,
  type LoadReport,
  type Workload,
  type WorkloadFiles,
} from './load/index.ts';
import type { BenchModel } from './models/index.ts';
import { startServer, TITLES, type RunningServer, type ServerKind, type ServerOptions } from './servers.ts';

/** The load runs on this core, servers on core 0. */
export const LOAD_CORE = 1;

/** So much of the answers may be 503, on a machine with hiccups; they count as no prediction. */
const MOST_REFUSED = 0.2;

export interface Sample {
  /** Answered with a prediction. */
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly report: LoadReport;
}

/** A server with the requests that it is asked. */
export interface Contender {
  readonly server: RunningServer;
  readonly files: WorkloadFiles;
}

export type LoadOptions = Partial<Pick<LoadPlan, 'pace' | 'warmupSeconds' | 'seconds' | 'spin'>> & {
  readonly connections: number;
};

/** Servers and workloads of one comparison; whatever becomes of it, no process and no file is left. */
export class Arena {
  readonly #servers: RunningServer[] = [];
  readonly #folder: string;
  #workloads = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async within<T>(measure: (arena: Arena) => Promise<T>): Promise<T> {
    const arena = new Arena(await mkdtemp(join(tmpdir(), 'windlass-arena-')));
    try {
      return await measure(arena);
    } finally {
      await Promise.all(arena.#servers.map((server) => server.stop()));
      await rm(arena.#folder, { recursive: true, force: true });
    }
  }

  async start(kind: ServerKind, model: BenchModel, options?: ServerOptions): Promise<RunningServer> {
    const server = await startServer(kind, model, options);
    this.#servers.push(server);
    return server;
  }

  workload(workload: Workload): Promise<WorkloadFiles> {
    this.#workloads += 1;
    return writeWorkload(workload, this.#folder, `workload-${this.#workloads}`);
  }

  /** One load on one server; a wrong answer or an error is an error here. */
  async load({ server, files }: Contender, options: LoadOptions): Promise<Sample> {
    const report = await runLoad(
      {
        pace: { kind: 'closed' },
        warmupSeconds: 0.7,
        seconds: 3,
        allowed: [503],
        spin: true,
        ...options,
        port: server.port,
        files,
        serverPids: [server.pid],
      },
      LOAD_CORE,
    );
    const what = `${TITLES[server.kind]}, ${options.connections} connections`;
    assertRight(report, what);
    const refused = report.statuses['503'] ?? 0;
    if (refused > report.answers * MOST_REFUSED)
      throw new Error(`${what}: ${refused} of ${report.answers} answers are 503`);
    return {
      requestsPerSecond: (report.answers - refused) / report.seconds,
      cpuMicroseconds: (report.serverCpuSeconds / report.answers) * 1e6,
      report,
    };
  }

  /** Each contender in turn, several times, so that a machine that changes its speed changes it for all. */
  async rounds(
    contenders: readonly Contender[],
    options: LoadOptions,
    count = 3,
  ): Promise<readonly (readonly Sample[])[]> {
    const rounds: Sample[][] = [];
    for (let round = 0; round < count; round++) {
      const samples: Sample[] = [];
      for (const contender of contenders) samples.push(await this.load(contender, options));
      rounds.push(samples);
    }
    return rounds;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** A number for a reader: three digits that count. */
export function rough(value: number): number {
  return Number(value.toPrecision(3));
}
