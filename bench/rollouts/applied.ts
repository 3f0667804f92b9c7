import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL, PORT } from '#contract/names.ts';
import { POD_REPORT_PATH, podReportSchema } from '#contract/pod-report.ts';
import { TRAFFIC_FILE, trafficSchema } from '#contract/traffic.ts';
import { CONFIG_MAP, POD } from '#operator/kube/index.ts';
import { writesOf } from '../foundation/audit.ts';
import type { Served } from './served.ts';

const POLL_MS = 25;
const PODS_EVERY_MS = 1000;

/** When each generation of the traffic file was seen first: in the ConfigMap, and at each pod. Milliseconds since 1970. */
export interface Seen {
  readonly inConfigMap: ReadonlyMap<number, { readonly at: number; readonly weight: number }>;
  /** Generation -> pod IP -> when. */
  readonly atPods: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

/** Watches the traffic ConfigMap and what the pods of a model have applied of it, until it is stopped. */
export class TrafficObserver {
  readonly #served: Served;
  readonly #ending = new AbortController();
  readonly #inConfigMap = new Map<number, { readonly at: number; readonly weight: number }>();
  readonly #atPods = new Map<number, Map<string, number>>();
  readonly #done: Promise<unknown>;
  #pods: readonly string[] = [];

  constructor(served: Served) {
    this.#served = served;
    this.#done = Promise.all([
      this.#every(POLL_MS, () => this.#readConfigMap()),
      this.#every(POLL_MS, () => this.#readPods()),
      this.#every(PODS_EVERY_MS, () => this.#listPods()),
    ]);
  }

  /** Waits until every pod has applied the share, and gives when the last one had (milliseconds since 1970). */
  async applied(weight: number, timeoutMs = 60_000): Promise<number> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const [generation] = [...this.#inConfigMap].findLast(([, each]) => each.weight === weight) ?? [];
      const times = generation === undefined ? undefined : this.#atPods.get(generation);
      if (times !== undefined && this.#pods.every((ip) => times.has(ip))) return Math.max(...times.values());
      if (performance.now() > end)
        throw new Error(`not every pod applied ${weight} % in ${timeoutMs / 1000} s`);
      await sleep(POLL_MS);
    }
  }

  async stop(): Promise<Seen> {
    this.#ending.abort();
    await this.#done;
    return { inConfigMap: this.#inConfigMap, atPods: this.#atPods };
  }

  async #every(ms: number, look: () => Promise<void>): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await look().catch(() => undefined);
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  async #readConfigMap(): Promise<void> {
    const ref = { namespace: this.#served.namespace.name, name: 'served-traffic' };
    const { data } = await this.#served.kube.get(CONFIG_MAP, ref, { signal: AbortSignal.timeout(5000) });
    const traffic = trafficSchema.parse(JSON.parse(data?.[TRAFFIC_FILE] ?? ''));
    if (this.#inConfigMap.has(traffic.generation)) return;
    this.#inConfigMap.set(traffic.generation, { at: Date.now(), weight: traffic.candidate?.weight ?? 0 });
  }

  async #listPods(): Promise<void> {
    const { kube, namespace } = this.#served;
    const scope = { namespace: namespace.name, labelSelector: `${LABEL.modelDeployment}=served` };
    const pods = await kube.list(POD, scope, { signal: AbortSignal.timeout(5000) });
    this.#pods = pods.flatMap(({ status }) =>
      status?.podIP !== undefined &&
      status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
        ? [status.podIP]
        : [],
    );
  }

  async #readPods(): Promise<void> {
    await Promise.all(
      this.#pods.map(async (ip) => {
        const response = await fetch(`http://${ip}:${PORT.http}${POD_REPORT_PATH}`, {
          signal: AbortSignal.timeout(2000),
        });
        const { generation } = podReportSchema.parse(await response.json());
        const times = this.#atPods.get(generation ?? 0) ?? new Map<string, number>();
        this.#atPods.set(generation ?? 0, times);
        if (!times.has(ip)) times.set(ip, Date.now());
      }),
    );
  }
}

/**
 * Seconds from the write of each generation with a share until the last pod that had applied an earlier one applied it:
 * a pod that starts later begins with what is written then, however long after the write that is.
 */
export async function secondsUntilApplied(
  { inConfigMap, atPods }: Seen,
  {
    auditLog,
    from,
    namespace,
  }: { readonly auditLog: string; readonly from: number; readonly namespace: string },
): Promise<readonly { readonly weight: number; readonly seconds: number }[]> {
  const writes = await writesOf(
    auditLog,
    from,
    ({ objectRef }) => objectRef?.resource === 'configmaps' && objectRef.namespace === namespace,
  );
  const times = writes.map(({ stageTimestamp }) => Date.parse(stageTimestamp ?? ''));
  return [...inConfigMap].flatMap(([generation, { at, weight }]) => {
    const written = times.findLast((time) => time <= at);
    const last = Math.max(
      ...[...(atPods.get(generation) ?? [])].flatMap(([ip, time]) =>
        hadApplied(atPods, ip, generation) ? [time] : [],
      ),
    );
    return weight === 0 || written === undefined || !Number.isFinite(last)
      ? []
      : [{ weight, seconds: (last - written) / 1000 }];
  });
}

/** Whether the pod ever reported an earlier generation than this one. */
function hadApplied(atPods: Seen['atPods'], ip: string, generation: number): boolean {
  return [...atPods].some(([earlier, times]) => earlier < generation && times.has(ip));
}
