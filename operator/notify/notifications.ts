import { ANNOTATION } from '#contract/names.ts';
import type { News, Observed, Plan, PlannedEvent } from '#operator/model-deployment/index.ts';
import type { Notification } from './notification.ts';

type Told = Pick<Notification, 'kind' | 'revision' | 'from' | 'to'>;

/** What of a plan that was carried out is worth a message to people: each happening once. */
export function notificationsOf(observed: Observed, plan: Plan): readonly Notification[] {
  return plan.events.flatMap((event) => {
    const told = event.news === undefined ? undefined : tell(event.news, plan);
    return told === undefined ? [] : [notification(event, told, observed)];
  });
}

function tell(news: News, { status }: Plan): Told | undefined {
  switch (news.is) {
    case 'promoted':
      return { kind: 'promoted', revision: news.revision, from: news.from ?? '', to: news.revision };
    case 'rejected':
      return {
        kind: 'rejected',
        revision: news.revision,
        from: news.revision,
        to: status.stableRevision ?? '',
      };
    case 'undone':
      return { kind: 'undone', revision: news.revision ?? '', from: news.revision ?? '', to: news.to };
    case 'drifted':
      return { kind: 'drifted', revision: news.revision, from: '', to: news.revision };
    case 'superseded':
    case 'retraining':
      return undefined;
  }
}

function notification({ reason, message }: PlannedEvent, told: Told, observed: Observed): Notification {
  const { name, namespace = '' } = observed.modelDeployment.metadata;
  const revision = observed.revisions.find(({ metadata }) => metadata.name === told.revision);
  return {
    ...told,
    namespace,
    name,
    number: revision?.metadata.annotations?.[ANNOTATION.revisionNumber] ?? '',
    reason,
    message,
    time: new Date(observed.now).toISOString(),
    command: `kubectl windlass status ${name} --namespace ${namespace}`,
  };
}
