import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENVIRONMENT } from '#contract/programs.ts';
import { freePorts } from '#test/cluster/ports.ts';
import { program } from '../programs.ts';
import type { BenchModel } from './models/index.ts';
import { peerPython } from './peers/environment.ts';

export const SERVERS = ['windlass', 'node-await', 'node-inline', 'starlette', 'fastapi', 'mlserver'] as const;
export type ServerKind = (typeof SERVERS)[number];

export const TITLES: Readonly<Record<ServerKind, string>> = {
  windlass: 'Windlass',
  'node-await': 'node:http, await session.run',
  'node-inline': 'node:http, synchronous run',
  starlette: 'Starlette',
  fastapi: 'FastAPI',
  mlserver: 'MLServer',
};

/** Servers run on this core unless more are measured; the load runs on another. */
export const SERVER_CORE = 0;

export interface ServerOptions {
  /** Cores that it is pinned to; one, unless more are measured. */
  readonly cores?: readonly number[];
  readonly flags?: readonly string[];
  /** A command line that runs the rest of the command line: to start it within a cgroup. */
  readonly within?: readonly string[];
}

export interface RunningServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const PEERS = join(import.meta.dirname, 'peers');
const START_MS = 120_000;
/** One thread for whatever a Python library would start more for. */
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };

/** Processes that must not outlive this one, even where it is interrupted. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts a server of a model, pinned to its cores, and waits until it is ready. */
export async function startServer(
  kind: ServerKind,
  model: BenchModel,
  options: ServerOptions = {},
): Promise<RunningServer> {
  const { cores = [SERVER_CORE], within = [] } = options;
  const [port = 0, ...spare] = await freePorts(3);
  const folder = await mkdtemp(join(tmpdir(), 'windlass-bench-'));
  const { argv, env, cwd } = await commandOf(kind, model, { port, spare, folder, ...options, cores });
  const [file = '', ...args] = [...within, 'taskset', '-c', cores.join(','), ...argv];
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...ONE_THREAD, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let said = '';
  const listen = (text: Buffer): void => {
    said = (said + text.toString()).slice(-4000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const stop = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(port, child);
  } catch (error) {
    await stop();
    throw new Error(`${TITLES[kind]}: ${String(error)}\n${said}`, { cause: error });
  }
  // taskset and what it is within replace themselves: the child's id is the server's.
  return { kind, port, pid: child.pid ?? 0, stop };
}

interface Place {
  readonly port: number;
  readonly spare: readonly number[];
  readonly folder: string;
  readonly cores: readonly number[];
  readonly flags?: readonly string[];
}

async function commandOf(kind: ServerKind, model: BenchModel, place: Place): Promise<Command> {
  const { port, cores, flags = [] } = place;
  switch (kind) {
    case 'windlass':
      return {
        argv: [
          process.execPath,
          '--max-semi-space-size=16', // as the image has it
          program('runtime'),
          'serve',
          '--model',
          model.path,
          '--name',
          'model',
          '--port',
          String(port),
          ...flags,
        ],
        // As the image has it.
        env: { [ENVIRONMENT.cpuLimit]: String(cores.length * 1000), MALLOC_MMAP_THRESHOLD_: '1048576' },
      };
    case 'node-await':
    case 'node-inline': {
      const mode = kind === 'node-await' ? 'await' : 'inline';
      return { argv: [process.execPath, join(PEERS, 'node-server.ts'), mode, model.graph, String(port)] };
    }
    case 'starlette':
    case 'fastapi': {
      const python = await peerPython('web');
      const uvicorn = ['-m', 'uvicorn', `${kind}_app:app`, '--host', '127.0.0.1', '--port', String(port)];
      const quick = ['--loop', 'uvloop', '--http', 'httptools', '--workers', '1'];
      const quiet = ['--no-access-log', '--log-level', 'warning'];
      return {
        argv: [python, ...uvicorn, ...quick, ...quiet],
        env: { MODEL: model.graph, PYTHONDONTWRITEBYTECODE: '1' },
        cwd: PEERS,
      };
    }
    case 'mlserver':
      return mlserver(model, place);
  }
}

async function mlserver(model: BenchModel, { port, spare, folder }: Place): Promise<Command> {
  const python = await peerPython('mlserver');
  const settings = {
    host: '127.0.0.1',
    http_port: port,
    grpc_port: spare[0],
    metrics_port: spare[1],
    metrics_dir: folder,
    parallel_workers: 0,
    debug: false,
    environments_dir: folder,
  };
  const implementation = 'mlserver_model.OnnxModel';
  await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
  await writeFile(
    join(folder, 'model-settings.json'),
    JSON.stringify({ name: 'model', implementation, parameters: { uri: model.graph } }),
  );
  return {
    argv: [python, '-c', 'from mlserver.cli.main import main; main()', 'start', folder],
    env: { PYTHONPATH: PEERS, PYTHONDONTWRITEBYTECODE: '1' },
    cwd: folder,
  };
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/v2/health/ready`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return;
    await sleep(50);
  }
  throw new Error(`it is not ready after ${START_MS / 1000} s`);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
