import type { ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import { age, bytes, table } from '../format/index.ts';
import { activeRollback, newestFirst, revisionNumber } from '../revisions.ts';

export interface HistoryInput {
  readonly revisions: readonly ModelRevision[];
  readonly rollbacks: readonly ModelRollback[];
}

/** The history as kubectl would print it: newest first. */
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
    ...(options.wide ? ['SIZE', 'NAME', 'IMAGE', 'URI'] : []),
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
    if (options.wide) cells.push(bytes(artifact.size), revision.metadata.name, image, artifact.uri);
    cells.push(why(revision, input.rollbacks));
    return cells;
  });
  return table(heads, rows);
}

/** Why it is in its state: an undo that chose or left it, else what the operator noted. */
export function why(revision: ModelRevision, rollbacks: readonly ModelRollback[]): string {
  const undo = activeRollback(rollbacks);
  if (undo?.status?.toRevision === revision.metadata.name) return `brought back by ${attribution(undo)}`;
  if (undo?.status?.fromRevision === revision.metadata.name) return `undone by ${attribution(undo)}`;
  const { reason, message } = revision.status ?? {};
  if (reason === undefined || reason === '') return firstLine(message ?? '');
  return message === undefined || message === '' ? reason : `${reason}: ${firstLine(message)}`;
}

function attribution(undo: ModelRollback): string {
  const { requestedBy, reason } = undo.spec;
  const who = requestedBy ?? undo.metadata.name;
  return reason === undefined || reason === '' ? who : `${who} (${firstLine(reason)})`;
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
