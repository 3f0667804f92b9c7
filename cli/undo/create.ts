import { z } from 'zod';
import type { ModelRollback } from '#operator/api/objects.ts';
import { isKubeError, MODEL_ROLLBACK } from '#operator/kube/index.ts';
import type { Session } from '../session.ts';
import { createObject } from '../write.ts';

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
      return await createObject(session, MODEL_ROLLBACK, object, { dryRun });
    } catch (error) {
      if (!isKubeError(error, 'alreadyExists')) throw error;
    }
  }
}
