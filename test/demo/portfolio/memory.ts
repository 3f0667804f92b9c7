import { z } from 'zod';

const statsSchema = z.object({
  pods: z.array(
    z.object({
      podRef: z.object({ name: z.string(), namespace: z.string() }),
      containers: z
        .array(
          z.object({
            name: z.string(),
            memory: z.object({ workingSetBytes: z.number().optional() }).optional(),
          }),
        )
        .default([]),
    }),
  ),
});

export interface PodMemory {
  readonly namespace: string;
  readonly pod: string;
  readonly mebibytes: number;
}

/** Working sets of the pods of these namespaces, as their kubelets have them. */
export async function podMemory(
  kubectl: (args: readonly string[]) => Promise<string>,
  namespaces: readonly string[],
): Promise<readonly PodMemory[]> {
  const nodes = (await kubectl(['get', 'nodes', '-o=jsonpath={.items[*].metadata.name}']))
    .trim()
    .split(/\s+/);
  const found = await Promise.all(
    nodes.map(async (node) => {
      const text = await kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`]);
      return statsSchema.parse(JSON.parse(text)).pods;
    }),
  );
  return found.flat().flatMap(({ podRef, containers }) => {
    if (!namespaces.includes(podRef.namespace)) return [];
    const bytes = containers.reduce((sum, { memory }) => sum + (memory?.workingSetBytes ?? 0), 0);
    return [{ namespace: podRef.namespace, pod: podRef.name, mebibytes: Math.round(bytes / 2 ** 20) }];
  });
}
