import { durationMs } from '#operator/api/schema.ts';
import { specHash } from '#operator/api/hashes.ts';
import { parseQuantity } from '#operator/api/quantity.ts';
import type { FinishedJob, SourceReader, SourceRequest } from '#operator/source/index.ts';
import type { Job } from '#operator/kube/index.ts';
import type { Action } from './action.ts';
import { child, ours, type Child } from './children.ts';
import { refusal, seenFailure } from './failures.ts';
import { isRetraining, ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { resolveJob, resolveJobName } from './resources/resolve-job.ts';
import { resolvedRevision, type Facts } from './revisions.ts';
import type { Target } from './target.ts';
import { keep, remove } from './upkeep.ts';

export interface Sourcing {
  readonly request: SourceRequest | undefined;
  readonly actions: readonly Action[];
}

/** What is wanted of the source, and the Job that reads it where there is no Secret. */
export function decideSourcing(o: Observed, facts: Facts, target: Target, undone: boolean): Sourcing {
  const owner = ownerOf(o.modelDeployment);
  const hash = specHash(o.modelDeployment.spec);
  const name = resolveJobName(owner, hash);
  const request = requestFor(o, facts, target, undone, hash);
  const jobWanted = request?.reader.by === 'job' && o.source.state === 'pending';
  const job = child(o, 'Job', name);
  return {
    request,
    actions: [
      ...ours(o, 'Job')
        .filter(({ metadata }) => !isRetraining(metadata))
        .filter(({ metadata }) => !jobWanted || metadata.name !== name)
        .map((object) => remove('Job', object)),
      // A Job's template is immutable, so one that is there is never repaired.
      ...(jobWanted && job.is === 'absent'
        ? keep(
            'Job',
            job,
            resolveJob(owner, name, o.modelDeployment.spec, runtimeImage(o), request.memoryLimitBytes),
          )
        : []),
    ],
  };
}

function runtimeImage(o: Observed): string {
  return o.modelDeployment.spec.serving.image ?? o.settings.runtimeImage;
}

function requestFor(
  o: Observed,
  facts: Facts,
  target: Target,
  undone: boolean,
  hash: string,
): SourceRequest | undefined {
  const { model, serving } = o.modelDeployment.spec;
  const { name, namespace, uid } = ownerOf(o.modelDeployment);
  const following = undone ? undefined : followed(o, facts);
  if (target.is !== 'unresolved' && following === undefined) return undefined;
  return {
    modelDeploymentUid: uid,
    name,
    namespace,
    specHash: hash,
    model,
    memoryLimitBytes: parseQuantity(serving.resources?.limits?.['memory']),
    reader: reader(o, hash),
    following,
  };
}

function followed(o: Observed, facts: Facts): SourceRequest['following'] {
  const interval = o.modelDeployment.spec.model.refreshInterval;
  const resolved = resolvedRevision(facts, o.modelDeployment.spec);
  if (interval === undefined || resolved === undefined) return undefined;
  return {
    artifact: resolved.object.spec.artifact,
    marker: o.modelDeployment.status?.source?.marker,
    intervalMs: durationMs(interval),
  };
}

function reader(o: Observed, hash: string): SourceReader {
  const { credentials } = o.modelDeployment.spec.model;
  if (credentials !== undefined) return { by: 'secret', secretName: credentials.secretName };
  const finished = finishedJob(o, child(o, 'Job', resolveJobName(ownerOf(o.modelDeployment), hash)));
  return { by: 'job', ...(finished === undefined ? {} : { finished }) };
}

function finishedJob(o: Observed, known: Child<Job>): FinishedJob | undefined {
  if (known.is !== 'ours') return undefined;
  const { metadata, status } = known.object;
  const pods = o.pods.filter(({ metadata: pod }) =>
    pod.ownerReferences?.some(({ uid }) => uid === metadata.uid),
  );
  const pod =
    pods.find(({ status: { phase } = {} }) => phase === 'Succeeded' || phase === 'Failed') ?? pods[0];
  const condition = status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
  // A Job whose pods cannot start never finishes: what holds it back is told at once, and a later Job tries again.
  const failure = seenFailure(pods, undefined) ?? refused(condition?.message, condition?.type);
  if (condition === undefined && failure === undefined) return undefined;
  return {
    uid: metadata.uid ?? '',
    succeeded: condition?.type === 'Complete',
    podName: pod?.metadata.name,
    failure: condition?.type === 'Complete' ? undefined : failure,
  };
}

function refused(message: string | undefined, type: string | undefined) {
  if (type !== 'Failed') return undefined;
  return refusal(message ?? 'it failed', 'the Job that reads the model with the pods’ identity');
}
