import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import { isKubeError, MODEL_DEPLOYMENT, MODEL_REVISION, MODEL_ROLLBACK, POD } from '#operator/kube/index.ts';
import { LABEL } from '#contract/names.ts';
import { isMissingObject } from './api-errors.ts';
import { CliError, EXIT } from './exit.ts';
import type { Session } from './session.ts';
import { readApplied } from './status/applied.ts';
import type { Readings } from './status/view.ts';

/** The ModelDeployment, or an error that says which ones there are. */
export async function readDeployment(session: Session, name: string): Promise<ModelDeployment> {
  const { kube, namespace, call } = session;
  try {
    return await kube.get(MODEL_DEPLOYMENT, { namespace, name }, call);
  } catch (error) {
    if (!isMissingObject(error)) throw error;
    const others = await kube.list(MODEL_DEPLOYMENT, { namespace }, call).catch(() => []);
    throw new CliError(`there is no ModelDeployment ${name} in namespace ${namespace}`, {
      exitCode: EXIT.notFound,
      cause: error,
      hint:
        others.length === 0
          ? 'there is none in that namespace: name another with -n, or look everywhere with: kubectl windlass status -A'
          : `there are: ${others.map((it) => it.metadata.name).join(', ')}`,
    });
  }
}

export async function readRevisions(session: Session, name: string): Promise<readonly ModelRevision[]> {
  const { kube, namespace, call } = session;
  const found = await kube.list(
    MODEL_REVISION,
    { namespace, labelSelector: `${LABEL.modelDeployment}=${name}` },
    call,
  );
  return found.filter((revision) => revision.spec.modelDeployment === name);
}

/** Rollbacks are made by people too, so they carry no label: they are told apart by their spec. */
export async function readRollbacks(session: Session, name: string): Promise<readonly ModelRollback[]> {
  const { kube, namespace, call } = session;
  const found = await kube.list(MODEL_ROLLBACK, { namespace }, call);
  return found.filter((rollback) => rollback.spec.modelDeployment === name);
}

export async function readStatus(session: Session, name: string): Promise<Readings> {
  const { kube, namespace, call } = session;
  const selector = `${LABEL.modelDeployment}=${name}`;
  const [deployment, revisions, rollbacks, pods] = await Promise.all([
    readDeployment(session, name),
    readRevisions(session, name),
    readRollbacks(session, name),
    kube.list(POD, { namespace, labelSelector: selector }, call).catch((error: unknown) => {
      if (isKubeError(error, 'forbidden')) return undefined;
      throw error;
    }),
  ]);
  const moving = deployment.status?.rollout !== undefined && pods !== undefined;
  const applied = moving ? { applied: await readApplied(session, pods) } : {};
  return { deployment, revisions, rollbacks, pods, ...applied };
}
