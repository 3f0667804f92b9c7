import { condition, outcomeOf } from './view.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { age, table } from '../format/index.ts';

const STATE = {
  ready: 'Ready',
  progressing: 'InProgress',
  stalled: 'Stalled',
  deleting: 'Deleting',
} as const;

/** One line for each ModelDeployment. */
export function renderList(
  deployments: readonly ModelDeployment[],
  options: { readonly now: Date; readonly namespaces: boolean; readonly wide: boolean },
): string {
  const heads = [
    ...(options.namespaces ? ['NAMESPACE'] : []),
    'NAME',
    'STATE',
    'REVISION',
    'MODEL',
    'WEIGHT',
    'PODS',
    'REASON',
    'AGE',
    ...(options.wide ? ['URI', 'URL'] : []),
  ];
  const rows = deployments.map((deployment) => {
    const { metadata, spec, status } = deployment;
    return [
      ...(options.namespaces ? [metadata.namespace ?? ''] : []),
      metadata.name,
      STATE[outcomeOf(deployment)],
      status?.revision === undefined ? '-' : String(status.revision),
      status?.modelVersion ?? '-',
      status?.rollout?.weight === undefined ? '-' : `${status.rollout.weight} %`,
      `${status?.readyReplicas ?? 0}/${spec.replicas}`,
      condition(deployment, 'Ready')?.reason ?? 'NotObserved',
      age(metadata.creationTimestamp, options.now),
      ...(options.wide ? [spec.model.uri, status?.url ?? '-'] : []),
    ];
  });
  return table(heads, rows);
}
