import { ANNOTATION } from '#contract/names.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { Deployment } from '#operator/kube/index.ts';
import type { Action } from './action.ts';
import { timeMs } from './annotations.ts';

/**
 * Replaces the pods of a Deployment that is older than the restart which was asked for, as `kubectl rollout restart` does:
 * the template stays as it was written and gets the request's time as an annotation, so the Deployment's own rolling update
 * brings each new pod before an old one goes. A value that is no time asks for nothing.
 */
export function restart({ metadata, spec }: Deployment, asked: ModelDeployment): readonly Action[] {
  const at = asked.metadata.annotations?.[ANNOTATION.restart];
  if (at === undefined || Number.isNaN(Date.parse(at))) return [];
  if (timeMs(metadata.creationTimestamp) >= Date.parse(at)) return [];
  if (spec.template.metadata?.annotations?.[ANNOTATION.restart] === at) return [];
  return [
    {
      verb: 'patch',
      kind: 'Deployment',
      name: metadata.name,
      uid: metadata.uid,
      patch: { spec: { template: { metadata: { annotations: { [ANNOTATION.restart]: at } } } } },
    },
  ];
}
