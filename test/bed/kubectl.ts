import { spawn } from 'node:child_process';

/** Runs kubectl and returns its output; an error carries what it printed. */
export function runKubectl(
  { kubectl, kubeconfig }: { readonly kubectl: string; readonly kubeconfig: string },
  args: readonly string[],
  input?: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(kubectl, ['--kubeconfig', kubeconfig, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`kubectl ${args.join(' ')} exited with ${code}: ${errors.trim()}`));
    });
    // One that has nothing to read ends without reading.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}
