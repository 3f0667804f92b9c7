import { wayForward } from '../revisions.ts';
import type { WaitsFor } from './rollout-view.ts';
import type { StatusView } from './view.ts';

/** The commands to type next, for the state that the view is in: the first is the likeliest. */
export function nextSteps(view: StatusView, watching = false): readonly string[] {
  const target = `${view.name} -n ${view.namespace}`;
  if (view.outcome === 'deleting') return [];
  if (view.rollback !== undefined) {
    const rejected = view.revisions.filter(({ role }) => role === 'rejected');
    return [
      wayForward(
        view.rollback,
        rejected.map(({ name }) => name),
      ),
    ];
  }
  const troubled = view.revisions
    .find((revision) => revision.role === 'candidate')
    ?.pods?.find((pod) => !pod.ready && pod.restarts > 0);
  const log =
    troubled === undefined
      ? []
      : [`kubectl logs ${troubled.name} -n ${view.namespace} --all-containers --previous`];
  if (view.outcome === 'progressing') {
    const follow = watching ? [] : [`kubectl windlass status ${target} --watch`];
    return [...log, ...rolloutSteps(view, target, follow)];
  }
  if (log.length > 0) return log;
  if (view.outcome === 'stalled')
    return [`mend the cause and apply again, or: kubectl windlass history ${target}`];
  return view.serves ? [`kubectl windlass predict ${target}`] : [];
}

function rolloutSteps(view: StatusView, target: string, follow: readonly string[]): readonly string[] {
  const phase = view.rollout?.status.phase;
  if (view.rollout === undefined || phase === undefined || phase === 'Resolving') return follow;
  const undo = `kubectl windlass undo ${target}`;
  const keep = `kubectl windlass promote ${target} --full   # keep it, and end the watch`;
  if (phase === 'Baking')
    return view.rollout.waitsFor === 'failed watch' ? [undo, keep] : [...follow, undo, keep];
  if (!view.revisions.some((revision) => revision.role === 'stable')) return follow;
  const abort = `kubectl windlass abort ${target}`;
  const promote = `kubectl windlass promote ${target}`;
  if (phase === 'Promoting') return [...follow, abort];
  const byHand: Readonly<Record<Exclude<WaitsFor, 'itself'>, readonly string[]>> = {
    promotion: [promote, abort],
    'failed watch': [undo, keep],
    'failed check': [abort, `${promote}   # in spite of the check`],
    'pause by annotation': [
      `kubectl windlass resume ${target}`,
      `${promote}   # past this step, paused or not`,
      abort,
    ],
    'pause by spec': ['set rollout.paused to false and apply', promote, abort],
  };
  if (view.rollout.waitsFor !== 'itself') return byHand[view.rollout.waitsFor];
  const held = view.rollout.status.holdUntil !== undefined;
  return phase === 'Starting' || !held
    ? [...follow, abort]
    : [...follow, `${promote}   # ends this hold now`, abort];
}
