import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { program } from '../programs.ts';
import { freePorts } from '#test/cluster/ports.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** As the image has it. */
const IMAGE_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '65536',
};

export interface HostOperatorOptions {
  readonly kubeconfig: string;
  readonly runtimeImage: string;
  readonly log: string;
  readonly program?: string;
  readonly flags?: readonly string[];
}

/**
 * The operator as a process of this machine, so that a figure can kill it, put a faulty proxy before it, and read its
 * memory. It reaches pods as a node does.
 */
export class HostOperator {
  readonly #options: HostOperatorOptions;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(options: HostOperatorOptions) {
    this.#options = options;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the operator does not run');
    return pid;
  }

  async start(): Promise<void> {
    const [port = 0] = await freePorts(1);
    this.#port = port;
    const { kubeconfig, runtimeImage, log, flags = [] } = this.#options;
    const args = [
      '--max-semi-space-size=4', // as the image has it
      this.#options.program ?? program('operator'),
      `--kubeconfig=${kubeconfig}`,
      `--runtime-image=${runtimeImage}`,
      `--metrics-port=${port}`,
      '--log-level=info',
      ...flags,
    ];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: ROOT,
      env: { ...process.env, ...IMAGE_ENVIRONMENT },
    });
    const file = createWriteStream(log, { flags: 'a' });
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    this.#child = child;
    // A figure that is interrupted leaves no operator behind.
    const killed = (): boolean => child.kill('SIGKILL');
    process.once('exit', killed);
    child.once('close', () => process.off('exit', killed));
  }

  /** Waits until the operator says that it is ready: its caches have synced. */
  async ready(timeoutMs = 30_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const status = await fetch(`http://127.0.0.1:${this.#port}/readyz`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return;
      if (performance.now() > end)
        throw new Error(`the operator is not ready (${status}); see ${this.#options.log}`);
      await sleep(50);
    }
  }

  metrics(): Promise<string> {
    return fetch(`http://127.0.0.1:${this.#port}/metrics`).then((response) => response.text());
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('close', () => resolve());
      child.kill(signal);
    });
  }
}
