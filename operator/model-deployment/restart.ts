import { ANNOTATION } from '#contract/names.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { Deployment } from '#operator/kube/index.ts';
import type { Action } from './action.ts';
import { timeMs } from './annotations.ts';

/**
 * Replaces the pods of a Deployment that is older than the restart which was asked for, as `kubectl rollout restart` does:
 * the template stays as it was written and gets the request's time as an annotation, so the Deployment's own rolling update
 * brings each new pod before an old one goes. The Deployment's own annotation remembers it: caches keep no templates. A
 * value that is no time asks for nothing.
 */
export function restart({ metadata }: Deployment, asked: ModelDeployment): readonly Action[] {
  const at = asked.metadata.annotations?.[ANNOTATION.restart];
  if (at === undefined || Number.isNaN(Date.parse(at))) return [];
  if (timeMs(metadata.creationTimestamp) >= Date.parse(at)) return [];
  if (metadata.annotations?.[ANNOTATION.restart] === at) return [];
  const mark = { annotations: { [ANNOTATION.restart]: at } };
  return [
    {
      verb: 'patch',
      kind: 'Deployment',
      name: metadata.name,
      uid: metadata.uid,
      patch: { metadata: mark, spec: { template: { metadata: mark } } },
    },
  ];
}
