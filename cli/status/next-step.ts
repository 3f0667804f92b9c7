import type { StatusView } from './view.ts';

/** The command to type next, for the state that the view is in. */
export function nextStep(view: StatusView): string | undefined {
  const target = `${view.name} -n ${view.namespace}`;
  if (view.outcome === 'deleting') return undefined;
  if (view.rollback !== undefined) {
    return `to go forward: apply another spec, or kubectl delete modelrollback ${view.rollback.metadata.name} -n ${view.namespace}`;
  }
  const troubled = view.revisions
    .find((revision) => revision.role === 'candidate')
    ?.pods?.find((pod) => !pod.ready && pod.restarts > 0);
  if (troubled !== undefined) {
    return `kubectl logs ${troubled.name} -n ${view.namespace} --all-containers --previous`;
  }
  if (view.outcome === 'progressing') return `kubectl windlass status ${target} --watch`;
  if (view.outcome === 'stalled')
    return `mend the cause and apply again, or: kubectl windlass history ${target}`;
  return view.serves ? `kubectl windlass predict ${target}` : undefined;
}
