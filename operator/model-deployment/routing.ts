import { findCondition } from '#operator/api/conditions.ts';
import { timeMs } from './annotations.ts';
import { child } from './children.ts';
import type { Observed } from './observed.ts';
import { isReady, podsOf, readyAt } from './revisions.ts';

/** Kubernetes cuts its times to seconds. */
const WHOLE_SECOND_MS = 1_000;
/** A node's kube-proxy gathers changes for up to a second. A new Service took a busy node more than 2 s, measured at load 14. */
const SERVICE_ROUTED_MS = 3_000;
const PODS_ROUTED_MS = 2_000;
/** Nothing is waited for longer: a time beyond it was noted before the clock was set back, or by a clock far ahead. */
const LONGEST_MS = 10_000;

/**
 * When nodes lead clients of the stable Service to the ready pods; undefined: they do by now, as far as anybody can say.
 * They are late to a Service that is new, and to pods that come where nothing answered before. `promotedAt` is when
 * the stable revision's last promotion was decided, in ms.
 */
export function routedAt(o: Observed, stable: string, promotedAt: number | undefined): number | undefined {
  const ready = podsOf(o, stable).filter(isReady);
  if (ready.length === 0 || o.modelDeployment.spec.replicas === 0) return undefined;
  const due = [serviceMadeAt(o) + WHOLE_SECOND_MS + SERVICE_ROUTED_MS];
  if (!wasAvailable(o)) {
    due.push((promotedAt ?? 0) + PODS_ROUTED_MS);
    due.push(Math.min(...ready.map(readyAt)) + WHOLE_SECOND_MS + PODS_ROUTED_MS);
  }
  const waited = due.filter((at) => at > o.now && at <= o.now + LONGEST_MS);
  return waited.length === 0 ? undefined : Math.max(...waited);
}

/** One that is not there is made by this very plan. */
function serviceMadeAt(o: Observed): number {
  const service = child(o, 'Service', o.modelDeployment.metadata.name);
  if (service.is === 'absent') return o.now;
  return service.is === 'ours' ? timeMs(service.object.metadata.creationTimestamp) : 0;
}

function wasAvailable({ modelDeployment }: Observed): boolean {
  return findCondition(modelDeployment.status?.conditions, 'Available')?.status === 'True';
}
