import { spawn } from 'node:child_process';
import { elapsed, type Progress } from '#test/cluster/progress.ts';

/** Tells the story: what happens, the very commands, what they print, and how long it took. */
export class Narrator {
  readonly #start = performance.now();
  readonly #environment: NodeJS.ProcessEnv;

  /** `environment` is that of the commands: KUBECONFIG, and a PATH with kubectl and the plugin on it. */
  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  chapter(title: string): void {
    console.log(`\n\u2500\u2500 ${title} (after ${elapsed(this.#start)})`);
  }

  say(text: string): void {
    console.log(text);
  }

  get total(): string {
    return elapsed(this.#start);
  }

  /** Progress of one of the lanes that run side by side. */
  lane(name: string): Progress {
    return (line) => console.log(`[${name}] ${line.trim()}`);
  }

  /** Shows a command as it would be typed, runs it, and lets it print. Returns its exit code; `expected` ones go on. */
  async run(command: readonly string[], expected: readonly number[] = [0]): Promise<number> {
    console.log(`$ ${command.map((word) => quoted(word)).join(' ')}`);
    const [file = '', ...args] = command;
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], env: this.#environment });
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? 1));
    });
    if (!expected.includes(code)) throw new Error(`${command.join(' ')} ended with ${code}`);
    console.log('');
    return code;
  }
}

/** As a shell would need it. */
function quoted(word: string): string {
  const [, flag = '', value = word] = /^(--[a-z-]+=)(.*)$/s.exec(word) ?? [];
  const plain = /^[\w@%+=:,./-]+$/.test(value);
  return plain ? word : `${flag}'${value.replaceAll("'", String.raw`'\''`)}'`;
}
