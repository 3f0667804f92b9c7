import { LABEL } from '#contract/names.ts';
import type { Plan } from '../action.ts';
import { findCondition } from '#operator/api/conditions.ts';
import type { Observed } from '../observed.ts';
import { isReady, readFacts } from '../revisions.ts';
import { NAME } from './fixtures.ts';

/** What every plan keeps, whatever it was made from; the first promise that this one breaks, in words. */
export function brokenPromise(
  o: Observed,
  plan: Plan,
  selectedBefore: string | undefined,
): string | undefined {
  return (
    contradicts(plan) ??
    switchesToUnready(o, plan, selectedBefore) ??
    takesProtected(plan, selectedBefore) ??
    writesSpec(plan)
  );
}

function contradicts({ status }: Plan): string | undefined {
  const is = (type: 'Stalled' | 'Reconciling'): boolean =>
    findCondition(status.conditions, type)?.status === 'True';
  return is('Stalled') && is('Reconciling') ? 'Stalled and Reconciling are both True' : undefined;
}

/** The stable Service never begins to select a revision that is not at full size and ready, unless it is a repair. */
function switchesToUnready(
  o: Observed,
  { actions }: Plan,
  selectedBefore: string | undefined,
): string | undefined {
  const written = actions.flatMap((action) =>
    (action.verb === 'create' || action.verb === 'apply') &&
    action.kind === 'Service' &&
    action.object.metadata.name === NAME
      ? [action.object]
      : [],
  );
  const selected = written.map((object) => selectorOf(object)?.[LABEL.revision])[0];
  if (selected === undefined || selected === selectedBefore) return undefined;
  const ready = o.pods.filter(
    (pod) => pod.metadata.labels?.[LABEL.revision] === selected && isReady(pod),
  ).length;
  const { replicas } = o.modelDeployment.spec;
  if (ready >= Math.max(1, replicas)) return undefined;
  // Without replicas there is no traffic, and one that served before was proven then.
  if (replicas === 0 && readFacts(o).promotions.some(({ revision }) => revision === selected))
    return undefined;
  // A Service that was deleted, or selected nothing that exists, is repaired to what served before.
  const repaired =
    selectedBefore === undefined || !o.deployments.some(({ metadata }) => metadata.name === selectedBefore);
  return repaired
    ? undefined
    : `the stable Service switches to ${selected}, of which ${ready} pods are ready`;
}

function selectorOf(object: object): Readonly<Record<string, string>> | undefined {
  const spec: { readonly selector?: Readonly<Record<string, string>> } | undefined =
    'spec' in object && typeof object.spec === 'object' && object.spec !== null ? object.spec : undefined;
  return spec?.selector;
}

/** Nothing of the revision that is stable and stays so is deleted, nor what is about to be. */
function takesProtected({ actions, status }: Plan, selectedBefore: string | undefined): string | undefined {
  const kept = new Set(
    [status.stableRevision, status.candidateRevision].filter((name) => name !== undefined),
  );
  if (selectedBefore !== undefined && status.stableRevision === selectedBefore) kept.add(NAME);
  const taken = actions.find(
    (action) =>
      action.verb === 'delete' && kept.has(action.name) && action.kind !== 'HorizontalPodAutoscaler',
  );
  if (taken?.verb !== 'delete') return undefined;
  // A candidate that waits for replicas, or was rejected, runs nothing; its ModelRevision stays.
  const runsNothing = taken.name === status.candidateRevision && taken.kind !== 'ModelRevision';
  return runsNothing ? undefined : `${taken.kind} ${taken.name} is deleted`;
}

function writesSpec({ actions }: Plan): string | undefined {
  const writes = actions.some(
    (action) =>
      action.verb === 'patch' && action.kind === 'ModelDeployment' && action.subresource !== 'status',
  );
  return writes ? 'the ModelDeployment is written beside its status' : undefined;
}
