import type { Bed } from '#test/bed/bed.ts';

export interface ContainerMemory {
  readonly pod: string;
  /** Resident set of the processes, bytes. */
  readonly rss: number;
  /** Cgroup usage less inactive file, bytes: what the kubelet calls the working set. */
  readonly workingSet: number;
}

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers: readonly {
      readonly memory?: { readonly workingSetBytes?: number; readonly rssBytes?: number };
    }[];
  }[];
}

/** What the kubelets measured of the containers of the pods that a selector names. */
export async function containerMemory(
  bed: Bed,
  namespace: string,
  selector: string,
): Promise<readonly ContainerMemory[]> {
  const names = await bed.kubectl(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'name']);
  const wanted = new Set(names.split('\n').map((name) => name.replace('pod/', '')));
  const nodes = (await bed.kubectl(['get', 'nodes', '-o', 'name'])).trim().split('\n');
  const found: ContainerMemory[] = [];
  for (const node of nodes) {
    const path = `/api/v1/nodes/${node.replace('node/', '')}/proxy/stats/summary`;
    const summary = JSON.parse(await bed.kubectl(['get', '--raw', path])) as Summary;
    for (const { podRef, containers } of summary.pods) {
      if (podRef.namespace !== namespace || !wanted.has(podRef.name)) continue;
      const sum = (field: 'rssBytes' | 'workingSetBytes'): number =>
        containers.reduce((bytes, container) => bytes + (container.memory?.[field] ?? 0), 0);
      found.push({ pod: podRef.name, rss: sum('rssBytes'), workingSet: sum('workingSetBytes') });
    }
  }
  if (found.length === 0) throw new Error(`no kubelet measured a pod of ${selector} in ${namespace}`);
  return found;
}
