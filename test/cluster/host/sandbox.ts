import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, run } from '../command.ts';
import { stateFolder } from '../paths.ts';
import type { Program } from './state.ts';

// The cluster lives in network, mount and process namespaces of its own, held by one process, the anchor. When the
// anchor is killed, the kernel ends every process inside, and with the last of them go the mounts and the network:
// nothing is left for us to find. Each process carries the mark in its environment, so that no record is needed.

const MARK = 'WINDLASS_TEST_CLUSTER';
const PROGRAM = 'WINDLASS_TEST_PROGRAM';
const ANCHOR = 'anchor';

interface Marked {
  readonly pid: number;
  readonly program: string;
}

/** All processes that carry this cluster's mark, on both sides of the namespaces' border. */
async function markedProcesses(): Promise<readonly Marked[]> {
  const entries = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    entries.map(async (pid) => {
      const variables = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0');
      if (!variables.includes(`${MARK}=${stateFolder()}`)) return undefined;
      const program = variables.find((each) => each.startsWith(`${PROGRAM}=`))?.slice(PROGRAM.length + 1);
      return { pid, program: program ?? '' };
    }),
  );
  return found.filter((each) => each !== undefined);
}

/** What the anchor runs first: mounts that only the cluster sees. Then it sleeps and reaps. */
function anchorScript(bound: readonly (readonly [string, string])[]): string {
  return [
    'set -e',
    'mount --make-rshared /',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    ...bound.map(([from, to]) => `mount --bind '${from}' '${to}'`),
    'echo ready',
    'set +e',
    'while :; do sleep 3600; done',
  ].join('\n');
}

/** Creates the namespaces and returns the anchor's process id as this side sees it. `bound`: folder here -> path inside. */
export async function createSandbox(bound: readonly (readonly [string, string])[]): Promise<number> {
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  const log = openSync(stateFolder('anchor.log'), 'a+');
  const unshare = spawn('unshare', [...flags, 'sh', '-c', anchorScript(bound)], {
    env: { ...process.env, [MARK]: stateFolder(), [PROGRAM]: ANCHOR },
    stdio: ['ignore', log, log],
    detached: true,
    cwd: '/',
  });
  closeSync(log);
  unshare.unref();
  for (let tries = 0; tries < 100 && unshare.exitCode === null; tries += 1) {
    if ((await readFile(stateFolder('anchor.log'), 'utf8')).includes('ready')) {
      const anchor = await findAnchor();
      if (anchor !== undefined) return anchor;
    }
    await sleep(20);
  }
  throw new Error(`cannot create namespaces: ${await readFile(stateFolder('anchor.log'), 'utf8')}`);
}

/** The process that is number 1 inside: the only marked one whose parent is the marked `unshare`. */
export async function findAnchor(): Promise<number | undefined> {
  for (const { pid, program } of await markedProcesses()) {
    if (program !== ANCHOR) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^NSpid:\s+\d+\s+1$/m.test(status)) return pid;
  }
  return undefined;
}

/** The arguments of nsenter that run a command inside. */
export function inside(anchor: number, command: readonly string[]): readonly string[] {
  return [`--target=${anchor}`, '--net', '--mount', '--pid', '--', ...command];
}

export async function runInside(
  anchor: number,
  command: readonly string[],
  timeout = 60_000,
): Promise<string> {
  return run('nsenter', inside(anchor, command), { timeout });
}

export interface Started {
  readonly running: () => boolean;
}

/** Starts a program inside that outlives this process. Its log is logs/<name>.log. */
export function startInside(anchor: number, name: string, program: Program): Started {
  const log = openSync(stateFolder('logs', `${name}.log`), 'a');
  const child = spawn('nsenter', inside(anchor, [program.file, ...program.args]), {
    env: { PATH: program.path, HOME: '/root', [MARK]: stateFolder(), [PROGRAM]: name },
    stdio: ['ignore', log, log],
    detached: true,
    cwd: '/',
  });
  closeSync(log);
  let running = true;
  child.once('exit', () => {
    running = false;
  });
  child.once('error', () => {
    running = false;
  });
  child.unref();
  return { running: () => running };
}

/** Names of the programs that run. */
export async function runningPrograms(): Promise<ReadonlySet<string>> {
  return new Set((await markedProcesses()).map(({ program }) => program));
}

/** Kills one program and waits until it is gone. */
export async function killProgram(name: string): Promise<void> {
  await killAll(async () => (await markedProcesses()).filter(({ program }) => program === name));
}

/** Ends every process of the cluster, then waits until its network is gone. */
export async function destroySandbox(link: string): Promise<void> {
  await killAll(markedProcesses);
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await attempt('ip', ['link', 'show', link])).code !== 0) return;
    if (tries === 50) await attempt('ip', ['link', 'delete', link]);
    await sleep(50);
  }
  throw new Error(`the interface ${link} is still there: remove it with "ip link delete ${link}"`);
}

async function killAll(find: () => Promise<readonly Marked[]>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const left = await find();
    if (left.length === 0) return;
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    await sleep(50);
  }
  const left = (await find()).map(({ pid, program }) => `${program} (${pid})`).join(', ');
  throw new Error(`these processes do not end after SIGKILL: ${left}`);
}
