import { join } from 'node:path';
import { pythonEnvironment } from '#test/support/python-environment.ts';

/** `web`: Starlette, FastAPI and Pillow. `mlserver`: MLServer, which holds others back and so has its own. */
export type PeerEnvironment = 'web' | 'mlserver';

/** The Python of an environment of exactly what a lock names. */
export function peerPython(name: PeerEnvironment): Promise<string> {
  return pythonEnvironment({
    group: 'peers',
    requirements: join(import.meta.dirname, `${name}.lock`),
    pip: ['--require-hashes'],
    onMake: (folder) =>
      console.error(`making the Python environment of the ${name} peers in ${folder} (a minute or two)`),
  });
}
