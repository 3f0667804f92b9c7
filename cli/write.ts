import { z } from 'zod';
import type { KubeObject, Ref, ResourceType } from '#operator/kube/index.ts';
import { errorKind, KubeError } from '#operator/kube/index.ts';
import type { Session } from './session.ts';

/** Who the API server notes as the writer; never the operator's name, which promises not to touch a ModelDeployment. */
const FIELD_MANAGER = 'kubectl-windlass';

const statusSchema = z.object({
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ name: z.string().optional(), kind: z.string().optional() }).optional().catch(undefined),
});

export interface WriteOptions {
  /** All of the API server's checks, and nothing is stored. */
  readonly dryRun: boolean;
}

export function createObject<T extends KubeObject>(
  session: Session,
  type: ResourceType<T>,
  object: T,
  options: WriteOptions,
): Promise<T> {
  return send(session, 'POST', collection(type, session.namespace), 'application/json', object, options);
}

/** A JSON merge patch; `metadata.uid` and `metadata.resourceVersion` in it are preconditions (`conflict`). */
export function patchObject<T extends KubeObject>(
  session: Session,
  type: ResourceType<T>,
  ref: Ref,
  mergePatch: object,
  options: WriteOptions,
): Promise<T> {
  const path = `${collection(type, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return send(session, 'PATCH', path, 'application/merge-patch+json', mergePatch, options);
}

function collection(type: ResourceType<KubeObject>, namespace: string): string {
  return `/apis/${type.apiVersion}/namespaces/${encodeURIComponent(namespace)}/${type.plural}`;
}

async function send<T>(
  { kube, call }: Session,
  method: string,
  path: string,
  contentType: string,
  body: object,
  options: WriteOptions,
): Promise<T> {
  const answer = await kube.raw(method, path, {
    ...call,
    query: { fieldManager: FIELD_MANAGER, ...(options.dryRun ? { dryRun: 'All' } : {}) },
    headers: { 'content-type': contentType },
    body: JSON.stringify(body),
  });
  const text = answer.body.toString('utf8');
  if (answer.status < 400) return JSON.parse(text) as T; // the API server's schema vouches for the shape
  const { reason, message, details } = statusOf(text);
  throw new KubeError(
    errorKind(answer.status, reason),
    message ?? `HTTP ${answer.status}: ${text.slice(0, 200)}`,
    { status: answer.status, reason, details: details as KubeError['details'] },
  );
}

/** A proxy in between may answer with a page of its own. */
function statusOf(text: string): z.infer<typeof statusSchema> {
  try {
    return statusSchema.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}
