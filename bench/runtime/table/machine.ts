import { readFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repositoryFolder } from '#test/cluster/paths.ts';

/** What a number means nothing without, as lines of name and value. */
export async function machine(): Promise<readonly (readonly [string, string])[]> {
  const [first] = cpus();
  const packages = JSON.parse(await readFile(repositoryFolder('package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const python = await pins('web', ['starlette', 'fastapi', 'uvicorn', 'pydantic', 'onnxruntime']);
  const mlserver = await pins('mlserver', ['mlserver', 'fastapi', 'onnxruntime']);
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['machine', `${first?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${gib(totalmem())} GiB`],
    ['kernel', `Linux ${release()}`],
    ['load average at the start', loadavg()[0]?.toFixed(1) ?? ''],
    [
      'Windlass',
      `Node ${process.version}, onnxruntime-node ${packages.dependencies['onnxruntime-node'] ?? ''}`,
    ],
    ['Starlette and FastAPI', `${python}, uvloop and httptools, one worker`],
    ['MLServer', `${mlserver}, parallel_workers 0`],
  ];
}

async function pins(lock: string, names: readonly string[]): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'peers', `${lock}.lock`), 'utf8');
  return names
    .map((name) => `${name} ${new RegExp(`^${name}==(\\S+)`, 'm').exec(text)?.[1] ?? 'missing'}`)
    .join(', ');
}

function gib(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}
