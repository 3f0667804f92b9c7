import { rename } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { podReportSchema, POD_REPORT_PATH, type PodReport } from '#contract/pod-report.ts';
import type { Traffic, TrafficCandidate } from '#contract/traffic.ts';
import { listen } from '#runtime/http/front.ts';
import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { linearBundle, type BundleFiles } from '#test/support/bundle.ts';

// A stable pod and a candidate beside it, for the tests of splits and copies.

export const TOKEN = 'what-pods-show-one-another';
export const STABLE = 'linear-a';
export const CANDIDATE = 'linear-b';

/** `weight * x + y`: 7 by the stable model, 16 by the candidate. */
export const BODY = { x: 3, y: 1 };

export interface PairOptions {
  readonly stable?: BundleFiles;
  /** The candidate's bundle, or what answers in its place. */
  readonly candidate?: BundleFiles | RequestListener;
  readonly settings?: Partial<TrafficCandidate>;
}

/** Two revisions and the traffic file that both follow. */
export class Pair implements AsyncDisposable {
  readonly stable: TestServer;
  /** Where the candidate is asked. */
  readonly candidateUrl: string;
  readonly #folder: Folder;
  readonly #end: () => Promise<unknown>;
  #traffic: Traffic;

  private constructor(
    folder: Folder,
    servers: {
      readonly stable: TestServer;
      readonly candidateUrl: string;
      readonly end: () => Promise<unknown>;
    },
    traffic: Traffic,
  ) {
    this.#folder = folder;
    this.stable = servers.stable;
    this.candidateUrl = servers.candidateUrl;
    this.#end = servers.end;
    this.#traffic = traffic;
  }

  static async start({ stable, candidate, settings }: PairOptions = {}): Promise<Pair> {
    const folder = await Folder.create();
    const place = async (name: string, files: BundleFiles): Promise<string> => {
      for (const [file, bytes] of files) await folder.write(`${name}/${file}`, bytes);
      return `${folder.path}/${name}`;
    };
    const model = await place('stable', stable ?? linearBundle());
    const trafficFile = await folder.write(
      'traffic.json',
      JSON.stringify(trafficOf('http://127.0.0.1:9', {})),
    );
    const other =
      typeof candidate === 'function'
        ? await fakePod(candidate)
        : await realPod(
            await place('candidate', candidate ?? linearBundle({ version: '2', weight: 5 })),
            trafficFile,
          );
    const traffic = trafficOf(other.url, settings ?? {});
    await folder.write('traffic.json', JSON.stringify(traffic));
    const server = await startServer(model, { name: 'linear', revision: STABLE, trafficFile });
    const pair = new Pair(folder, { stable: server, candidateUrl: other.url, end: other.end }, traffic);
    await pair.#applied(other.url, typeof candidate === 'function');
    return pair;
  }

  get url(): string {
    return this.stable.url;
  }

  /** Writes the file anew, and waits until the stable pod has applied it. */
  async change(settings: Partial<TrafficCandidate>): Promise<void> {
    const { candidate } = this.#traffic;
    if (candidate === undefined) throw new Error('there is no candidate to change');
    await this.write({ candidate: { ...candidate, ...settings } });
  }

  async write(change: Partial<Traffic>): Promise<void> {
    const traffic = { ...this.#traffic, generation: this.#traffic.generation + 1, ...change };
    this.#traffic = traffic;
    // In one step, as the kubelet does it.
    const next = await this.#folder.write('traffic.next', JSON.stringify(traffic));
    await rename(next, join(this.#folder.path, 'traffic.json'));
    await this.#applied(this.candidateUrl, true);
  }

  async report(): Promise<PodReport> {
    return reportOf(this.url);
  }

  async rollout(): Promise<NonNullable<PodReport['rollout']>> {
    const { rollout } = await this.report();
    if (rollout === undefined || rollout === null) throw new Error('the pod reports no rollout');
    return rollout;
  }

  async metric(line: string): Promise<number> {
    return metricOf(this.url, line);
  }

  async #applied(candidateUrl: string, alone: boolean): Promise<void> {
    const { generation } = this.#traffic;
    for (const url of alone ? [this.url] : [this.url, candidateUrl]) {
      await until(async () => (await reportOf(url)).generation === generation);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.stable.stop(), this.#end()]);
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Waits for what comes by itself. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await sleep(20);
  }
  throw new Error('it did not come within 4 s');
}

export async function reportOf(url: string): Promise<PodReport> {
  return podReportSchema.parse(await (await fetch(url + POD_REPORT_PATH)).json());
}

export async function metricOf(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const row = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return Number(row?.slice(line.length) ?? 0);
}

function trafficOf(url: string, settings: Partial<TrafficCandidate>): Traffic {
  return {
    formatVersion: 1,
    generation: url.endsWith(':9') ? 1 : 2,
    token: TOKEN,
    stable: { revision: STABLE, number: 1, url: 'http://127.0.0.1:9' },
    candidate: {
      revision: CANDIDATE,
      number: 2,
      url,
      weight: 0,
      shadow: 0,
      deadlineMs: 2000,
      tolerance: 1e-4,
      ...settings,
    },
  };
}

interface Pod {
  readonly url: string;
  readonly end: () => Promise<unknown>;
}

async function realPod(model: string, trafficFile: string): Promise<Pod> {
  const server = await startServer(model, { name: 'linear', revision: CANDIDATE, trafficFile });
  return { url: server.url, end: () => server.stop() };
}

async function fakePod(answer: RequestListener): Promise<Pod> {
  const server: Server = createServer(answer);
  const port = await listen(server, 0, '127.0.0.1');
  const end = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, end };
}
