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
  const [first, ...others] = ready.slice(0, MOST_PODS).map(({ metadata }) => metadata.name);
  if (first === undefined) return new Map();
  const answer = await ask(session, first);
  if (answer === 'forbidden') return new Map(); // for one as for all: nothing more to ask
  const answers = await Promise.all(
    others.map(async (name): Promise<readonly [string, Answer]> => [name, await ask(session, name)]),
  );
  const told = [[first, answer] as const, ...answers];
  return new Map(told.flatMap(([name, each]) => (typeof each === 'object' ? [[name, each] as const] : [])));
}

type Answer = Applied | 'forbidden' | undefined;

async function ask(session: Session, pod: string): Promise<Answer> {
  try {
    return await report(session, pod);
  } catch (error) {
    if (session.call.signal.aborted) throw error;
    return undefined; // no answer in time, or one that is no report
  }
}

async function report({ kube, namespace, call }: Session, pod: string): Promise<Answer> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}:${PORT.http}/proxy${POD_REPORT_PATH}`;
  const answer = await kube.raw('GET', path, { ...call, timeoutMs: TIMEOUT_MS });
  if (answer.status === 403) return 'forbidden';
  if (answer.status !== 200) return undefined;
  const told = podReportSchema.safeParse(JSON.parse(answer.body.toString('utf8'))).data;
  if (told === undefined) return undefined;
  const { weight, shadow, generation } = told;
  return { weight: weight ?? 0, shadow: shadow ?? 0, generation: generation ?? 0 };
}
