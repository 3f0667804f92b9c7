import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Writable } from 'node:stream';

// A shell that reads what to clean up from a pipe that only this process holds. When this process ends, by
// SIGKILL too, the pipe ends, and the shell kills the processes and removes the folders that are still listed.
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
folders=''
while read -r word value; do
  case $word in
    start) pids="$pids$value ";;
    end) pids=$(printf %s "$pids" | sed "s/ $value / /");;
    folder) folders="$folders$value
";;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
sleep 0.2
printf %s "$folders" | while read -r folder; do rm -rf -- "$folder"; done
`;

let watchdog: ChildProcessByStdio<Writable, null, null> | undefined;

function tell(line: string): void {
  if (watchdog === undefined) {
    watchdog = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    watchdog.unref();
    const input = watchdog.stdin as Writable & { unref?: () => void };
    input.unref?.();
    input.on('error', () => undefined);
  }
  watchdog.stdin.write(`${line}\n`);
}

/** The process dies with this one. */
export function killAtEnd(pid: number): void {
  tell(`start ${pid}`);
}

/** The process has ended: its number may belong to another by now. */
export function forget(pid: number): void {
  tell(`end ${pid}`);
}

/** The folder is removed when this process has ended. */
export function removeAtEnd(folder: string): void {
  tell(`folder ${folder}`);
}
