import { s3ConnectionSchema } from '#contract/programs.ts';
import type { Deployment, KubeObject, Pod } from '#operator/kube/index.ts';
import type { Action } from './action.ts';
import { MEMORY, readAnnotation } from './annotations.ts';
import { child, ours, type Child } from './children.ts';
import { covers } from './covers.ts';
import { ownerOf, revisionLabel } from './identity.ts';
import type { ChildKind, Observed } from './observed.ts';
import { autoscaler } from './resources/autoscaler.ts';
import { disruptionBudget } from './resources/disruption-budget.ts';
import { revisionService, stableService } from './resources/service.ts';
import { restart } from './restart.ts';
import { findRecord, type Facts } from './revisions.ts';
import type { Rollout } from './rollout.ts';
import { trafficName } from './traffic-file.ts';

/** Makes what is missing of a live revision, and repairs what others changed; a Deployment's template keeps what was written. */
export function keepRevision(
  o: Observed,
  facts: Facts,
  revision: string,
  replicas: number,
): readonly Action[] {
  const owner = ownerOf(o.modelDeployment);
  return [
    ...keepDeployment(o, facts, revision, replicas),
    ...keep('Service', child(o, 'Service', revision), revisionService(owner, revision)),
    ...keep(
      'PodDisruptionBudget',
      child(o, 'PodDisruptionBudget', revision),
      disruptionBudget(owner, revision),
    ),
  ];
}

function keepDeployment(o: Observed, facts: Facts, revision: string, replicas: number): readonly Action[] {
  const known = child(o, 'Deployment', revision);
  if (known.is === 'ours')
    return [...scale(known.object, replicas), ...restart(known.object, o.modelDeployment)];
  const record = findRecord(facts, revision);
  if (known.is !== 'absent' || record === undefined) return [];
  return [
    {
      verb: 'createDeployment',
      deployment: {
        owner: ownerOf(o.modelDeployment),
        revision,
        number: record.number,
        spec: record.object.spec,
        replicas,
        secretName: o.modelDeployment.spec.model.credentials?.secretName,
        connection: readAnnotation(record.object.metadata, MEMORY.connection, s3ConnectionSchema),
      },
    },
  ];
}

function scale({ metadata, spec }: Deployment, replicas: number): readonly Action[] {
  if (spec.replicas === replicas) return [];
  return [
    {
      verb: 'patch',
      kind: 'Deployment',
      name: metadata.name,
      uid: metadata.uid,
      patch: { spec: { replicas } },
    },
  ];
}

/** Before the first revision starts: whether the names that its promotion will need are free. No watch shows another's. */
export function lookBeforeFirst(o: Observed, facts: Facts, rollout: Rollout): readonly Action[] {
  if (rollout.phase !== 'Starting' || facts.stable !== undefined) return [];
  if (child(o, 'Deployment', rollout.candidate.name).is !== 'absent') return [];
  const owner = ownerOf(o.modelDeployment);
  const names = [
    ['Service', owner.name],
    ['ConfigMap', trafficName(owner)],
  ] as const;
  return names.flatMap(([kind, name]) =>
    child(o, kind, name).is === 'absent' ? [{ verb: 'look', kind, name } as const] : [],
  );
}

/** The switch: which revision the stable Service selects. */
export function keepStableService(o: Observed, stable: string): readonly Action[] {
  const owner = ownerOf(o.modelDeployment);
  return keep('Service', child(o, 'Service', owner.name), stableService(owner, stable));
}

export function keepAutoscaler(o: Observed): readonly Action[] {
  const owner = ownerOf(o.modelDeployment);
  const settings = o.modelDeployment.spec.autoscaling;
  const known = child(o, 'HorizontalPodAutoscaler', owner.name);
  if (settings !== undefined) return keep('HorizontalPodAutoscaler', known, autoscaler(owner, settings));
  return known.is === 'ours' ? [remove('HorizontalPodAutoscaler', known.object)] : [];
}

/** POST where there is none; a forced apply with the UID where ours lacks something; else nothing. */
export function keep(kind: ChildKind, known: Child<KubeObject>, wanted: KubeObject): readonly Action[] {
  if (known.is === 'absent') return [{ verb: 'create', kind, object: wanted }];
  if (known.is !== 'ours' || covers(known.object, compared(wanted))) return [];
  const { uid } = known.object.metadata;
  return [
    {
      verb: 'apply',
      kind,
      object: { ...wanted, metadata: { ...wanted.metadata, ...(uid === undefined ? {} : { uid }) } },
    },
  ];
}

/** Owners are compared nowhere: ours is what makes it ours, and others may be added. */
function compared(wanted: KubeObject): object {
  const { metadata, apiVersion: _, kind: __, ...content } = wanted;
  return { ...content, metadata: { labels: metadata.labels, annotations: metadata.annotations } };
}

export function remove(kind: ChildKind, { metadata }: KubeObject): Action {
  return { verb: 'delete', kind, name: metadata.name, uid: metadata.uid };
}

/**
 * Takes away what runs of revisions that are not live. The Service goes last, once no pod is left behind it: until then
 * other pods may still forward there, and its own drain by themselves.
 */
export function retire(o: Observed, live: ReadonlySet<string>): readonly Action[] {
  const gone = ({ metadata }: KubeObject): boolean => {
    const revision = revisionLabel(metadata);
    return revision !== undefined && !live.has(revision);
  };
  const left = new Set(o.pods.map((pod: Pod) => revisionLabel(pod.metadata)));
  return [
    ...ours(o, 'Deployment')
      .filter(gone)
      .map((object) => remove('Deployment', object)),
    ...ours(o, 'PodDisruptionBudget')
      .filter(gone)
      .map((object) => remove('PodDisruptionBudget', object)),
    ...ours(o, 'Service')
      .filter((object) => gone(object) && !left.has(revisionLabel(object.metadata)))
      .map((object) => remove('Service', object)),
  ];
}
