import type { ModelDeployment } from '#operator/api/objects.ts';
import { isKubeError, MODEL_DEPLOYMENT } from '#operator/kube/index.ts';
import { CliError } from '../exit.ts';
import { readDeployment, readRevisions, readRollbacks } from '../read.ts';
import type { Session } from '../session.ts';
import { patchObject } from '../write.ts';
import type { RolloutInput } from './candidate.ts';

/** What a decision comes to: an annotation to set (undefined removes it), or nothing to write. */
export interface Decided {
  readonly annotation: string;
  readonly value: string | undefined;
  /** It is so already. */
  readonly already: boolean;
}

export interface Annotated<T extends Decided> {
  readonly decided: T;
  readonly deployment: ModelDeployment;
}

/** The operator writes the status every few seconds: that alone must not make a person type again. */
const ATTEMPTS = 10;

export async function readRollout(session: Session, name: string): Promise<RolloutInput> {
  const [deployment, revisions, rollbacks] = await Promise.all([
    readDeployment(session, name),
    readRevisions(session, name),
    readRollbacks(session, name),
  ]);
  return { deployment, revisions, rollbacks };
}

/**
 * Decides on what is stored and writes it only where that is still so; where it has changed, reads and decides again. A
 * ModelDeployment that was deleted and made anew in between is another one.
 */
export async function annotate<T extends Decided>(
  session: Session,
  name: string,
  decide: (input: RolloutInput) => T,
  dryRun: boolean,
): Promise<Annotated<T>> {
  const { namespace } = session;
  let uid: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const input = await readRollout(session, name);
    const { deployment } = input;
    uid ??= deployment.metadata.uid;
    if (deployment.metadata.uid !== uid) {
      throw new CliError(`${name} was deleted and made anew in the meantime: nothing was written`, {
        hint: `look at it first: kubectl windlass status ${name} -n ${namespace}`,
      });
    }
    const decided = decide(input);
    if (decided.already) return { decided, deployment };
    const { resourceVersion } = deployment.metadata;
    const annotations = { [decided.annotation]: decided.value ?? null };
    const patch = { metadata: { annotations, uid, resourceVersion } };
    try {
      const written = await patchObject(session, MODEL_DEPLOYMENT, { namespace, name }, patch, { dryRun });
      return { decided, deployment: written };
    } catch (error) {
      if (!isKubeError(error, 'conflict') || attempt >= ATTEMPTS) throw error;
    }
  }
}
