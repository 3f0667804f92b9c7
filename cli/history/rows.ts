import type { Artifact } from '#contract/artifact.ts';
import type { ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { StoredEvent } from '../events/timeline.ts';
import { age, bytes, table } from '../format/index.ts';
import { activeRollback, newestFirst, revisionNumber } from '../revisions.ts';
import { served } from './served.ts';
import { oneLine, renderUndos } from './undos.ts';

export interface HistoryInput {
  readonly revisions: readonly ModelRevision[];
  readonly rollbacks: readonly ModelRollback[];
  /** Of the ModelDeployment, as far as they are kept. */
  readonly events?: readonly StoredEvent[];
}

/** The history as kubectl would print it, newest first; below it the undos, where there are any. */
export function renderHistory(
  input: HistoryInput,
  options: { readonly now: Date; readonly wide: boolean },
): string {
  const heads = [
    'REVISION',
    'STATE',
    'MODEL',
    'DIGEST',
    'AGE',
    ...(options.wide ? ['FIRST SERVED', 'LAST SERVED', 'METRICS', 'SIZE', 'NAME', 'IMAGE', 'URI'] : []),
    'WHY',
  ];
  const rows = newestFirst(input.revisions).map((revision) => {
    const { artifact, model, image } = revision.spec;
    const cells = [
      String(revisionNumber(revision) ?? '-'),
      revision.status?.state ?? '-',
      model.version ?? '-',
      artifact.sha256.slice(0, 12),
      age(revision.metadata.creationTimestamp, options.now),
    ];
    if (options.wide) {
      const { first, last } = served(revision, input.events ?? []);
      cells.push(
        first === undefined ? '-' : age(first, options.now),
        last === undefined || last === 'now' ? (last ?? '-') : age(last, options.now),
        metricsOf(revision),
        bytes(artifact.size),
        revision.metadata.name,
        image,
        uriOf(artifact),
      );
    }
    cells.push(why(revision, input.rollbacks));
    return cells;
  });
  const revisions = table(heads, rows);
  if (input.rollbacks.length === 0) return revisions;
  return `${revisions}\n\n${renderUndos(input.rollbacks, input.revisions, options)}`;
}

/** Where the bytes are, and which version of a registered model they are. */
function uriOf({ uri, registry }: Artifact): string {
  return registry === undefined ? uri : `models:/${registry.name}/${registry.version} (${uri})`;
}

/** `auc=0.861,f1=0.6`: the first few of model.json. */
function metricsOf({ spec }: ModelRevision): string {
  const all = Object.entries(spec.model.metrics ?? {});
  const shown = all.slice(0, 4).map(([name, value]) => `${name}=${Number(value.toPrecision(4))}`);
  return all.length === 0 ? '-' : `${shown.join(',')}${all.length > shown.length ? ',…' : ''}`;
}

/** Why it is in its state: an undo that chose or left it, else what the operator noted. */
export function why(revision: ModelRevision, rollbacks: readonly ModelRollback[]): string {
  const undo = activeRollback(rollbacks);
  if (undo?.status?.toRevision === revision.metadata.name) return `held by ${attribution(undo)}`;
  if (undo?.status?.fromRevision === revision.metadata.name) return `undone by ${attribution(undo)}`;
  const { reason, message } = revision.status ?? {};
  if (reason === undefined || reason === '') return oneLine(message ?? '');
  return message === undefined || message === '' ? reason : `${reason}: ${oneLine(message)}`;
}

function attribution(undo: ModelRollback): string {
  const { requestedBy, reason } = undo.spec;
  const who = requestedBy ?? undo.metadata.name;
  return reason === undefined || reason === '' ? who : `${who} (${oneLine(reason)})`;
}
