import { checksOf, queriesOf } from '#operator/rollout/checks.ts';
import type { MonitoringRequest } from '#operator/rollout/readings.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { positionOf } from './position.ts';
import { isReady, podsOf, type Facts } from './revisions.ts';
import type { Rollout } from './rollout.ts';

const PHASES = { Shadow: 'Shadow', Step: 'Step', Bake: 'Baking' } as const;

/** The pods and queries to read while a candidate takes copies or a share, and while it is watched after its promotion. */
export function monitoringRequest(
  o: Observed,
  facts: Facts,
  rollout: Rollout,
): MonitoringRequest | undefined {
  const position = positionOf(rollout);
  if (position === undefined || position.kind === 'Gate') return undefined;
  const { progress } = position;
  const { name, namespace } = ownerOf(o.modelDeployment);
  const candidate = { revision: progress.revision, number: progress.number, metrics: undefined };
  const revisions = [...new Set([facts.stable, progress.revision])].filter((each) => each !== undefined);
  const checks = checksOf(o.modelDeployment.spec.rollout, PHASES[position.kind]);
  return {
    key: `${progress.revision}/${progress.number}/${progress.stage}`,
    pods: revisions.flatMap((revision) =>
      podsOf(o, revision)
        .filter(isReady)
        .flatMap(({ metadata, status }) =>
          status?.podIP === undefined ? [] : [{ uid: metadata.uid ?? '', ip: status.podIP, revision }],
        ),
    ),
    queries: queriesOf(checks, { name, namespace, candidate, stable: facts.stable }),
    since: progress.since,
  };
}
