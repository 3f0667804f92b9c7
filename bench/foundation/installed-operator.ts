import type { Bed } from '#test/bed/bed.ts';

/** Runs `work` while the operator that the chart installed is scaled to nothing, and brings it back afterwards. */
export async function withoutInstalledOperator<T>(bed: Bed, work: () => Promise<T>): Promise<T> {
  const { operatorNamespace } = bed.connection;
  const inNamespace = (...args: readonly string[]): Promise<string> =>
    bed.kubectl(['--namespace', operatorNamespace, ...args]);
  await inNamespace('scale', 'deployment', 'windlass', '--replicas=0');
  await inNamespace(
    'wait',
    '--for=delete',
    'pod',
    '--selector=app.kubernetes.io/name=windlass',
    '--timeout=90s',
  );
  try {
    return await work();
  } finally {
    await inNamespace('scale', 'deployment', 'windlass', '--replicas=2');
    await inNamespace('rollout', 'status', 'deployment/windlass', '--timeout=120s');
  }
}
