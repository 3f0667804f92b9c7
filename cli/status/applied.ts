import { podReportSchema, POD_REPORT_PATH } from '#contract/pod-report.ts';
import { PORT } from '#contract/names.ts';
import type { Pod } from '#operator/kube/index.ts';
import type { Session } from '../session.ts';

/** What a pod says that it does with requests: percent passed to the candidate, percent copied, of which generation of the traffic file. */
export interface Applied {
  readonly weight: number;
  readonly shadow: number;
  readonly generation: number;
}

/** A fleet's pods say the same: some of them are enough for a look. */
const MOST_PODS = 24;
const TIMEOUT_MS = 1500;

/** Asks ready pods through the API server; a pod that cannot be asked (or a role without pods/proxy) is left out. */
export async function readApplied(
  session: Session,
  pods: readonly Pod[],
): Promise<ReadonlyMap<string, Applied>> {
  const ready = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      (pod.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false),
  );
  const found = await Promise.all(
    ready.slice(0, MOST_PODS).map(async ({ metadata: { name } }) => {
      const applied = await ask(session, name).catch(() => undefined);
      return applied === undefined ? [] : [[name, applied] as const];
    }),
  );
  return new Map(found.flat());
}

async function ask({ kube, namespace, call }: Session, pod: string): Promise<Applied | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}:${PORT.http}/proxy${POD_REPORT_PATH}`;
  const answer = await kube.raw('GET', path, { ...call, timeoutMs: TIMEOUT_MS });
  if (answer.status !== 200) return undefined;
  const report = podReportSchema.safeParse(JSON.parse(answer.body.toString('utf8'))).data;
  if (report === undefined) return undefined;
  const { weight, shadow, generation } = report;
  return { weight: weight ?? 0, shadow: shadow ?? 0, generation: generation ?? 0 };
}
