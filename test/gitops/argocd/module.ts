import { z } from 'zod';
import { run } from '#test/cluster/command.ts';
import { sourceFolder } from '#test/cluster/paths.ts';

const downloadSchema = z.object({ Dir: z.string() });

/** The folder of Argo CD's sources, of the version that is built: its CRDs and scripts are read from there. */
export async function argoModule(): Promise<string> {
  const output = await run('go', ['mod', 'download', '-json', 'github.com/argoproj/argo-cd/v3'], {
    cwd: sourceFolder('components', 'argocd'),
    env: { GOFLAGS: '-mod=readonly', GOWORK: 'off' },
    timeout: 300_000,
  });
  return downloadSchema.parse(JSON.parse(output)).Dir;
}
