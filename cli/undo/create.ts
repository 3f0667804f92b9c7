import { z } from 'zod';
import type { ModelRollback } from '#operator/api/objects.ts';
import { errorKind, isKubeError, KubeError } from '#operator/kube/index.ts';
import type { Session } from '../session.ts';

const statusSchema = z.object({ reason: z.string().optional(), message: z.string().optional() });
const reviewSchema = z.object({
  status: z.object({ userInfo: z.object({ username: z.string() }) }),
});

/** The user's own name as the API server knows it; undefined where it does not say. */
export async function whoAmI({ kube, call }: Session): Promise<string | undefined> {
  const answer = await kube.raw('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    ...call,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
  });
  if (answer.status >= 400) return undefined;
  const name = reviewSchema.safeParse(JSON.parse(answer.body.toString('utf8'))).data?.status.userInfo
    .username;
  return name?.slice(0, 256);
}

/** Creates the first object whose name is free; a dry run goes through the API server's checks and writes nothing. */
export async function createRollback(
  session: Session,
  build: (attempt: number) => ModelRollback,
  taken: ReadonlySet<string>,
  dryRun: boolean,
): Promise<ModelRollback> {
  for (let attempt = 0; ; attempt += 1) {
    const object = build(attempt);
    if (taken.has(object.metadata.name)) continue;
    try {
      return await post(session, object, dryRun);
    } catch (error) {
      if (!isKubeError(error, 'alreadyExists')) throw error;
    }
  }
}

async function post(session: Session, object: ModelRollback, dryRun: boolean): Promise<ModelRollback> {
  const { kube, namespace, call } = session;
  const path = `/apis/${object.apiVersion}/namespaces/${encodeURIComponent(namespace)}/modelrollbacks`;
  const answer = await kube.raw('POST', path, {
    ...call,
    query: { fieldManager: 'kubectl-windlass', ...(dryRun ? { dryRun: 'All' } : {}) },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
  });
  const body: unknown = JSON.parse(answer.body.toString('utf8'));
  if (answer.status < 400) return body as ModelRollback; // the API server's schema vouches for the shape
  const { reason, message } = statusSchema.parse(body);
  throw new KubeError(errorKind(answer.status, reason), message ?? `HTTP ${answer.status}`, {
    status: answer.status,
    reason,
  });
}
