import { join } from 'node:path';
import { Unavailable } from '../cluster/unavailable.ts';
import type { Progress } from '../cluster/progress.ts';
import { pythonEnvironment } from '../support/python-environment.ts';

/**
 * The Python of an environment with the MLflow server in it (700 MB), made when first asked for. Throws Unavailable
 * where it cannot be made.
 */
export async function mlflowPython(progress?: Progress): Promise<string> {
  try {
    return await pythonEnvironment({
      group: 'mlflow',
      requirements: join(import.meta.dirname, 'requirements.lock'),
      pip: ['--no-compile', '--require-hashes'],
      onMake: () => progress?.('  making the environment of the MLflow server (a minute or two, once)'),
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Unavailable(
      `no Python environment for the MLflow server: ${message.slice(0, 500)}`,
      'install Python 3.11 or newer with venv and pip, and let pip reach a package index',
    );
  }
}
