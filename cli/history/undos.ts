import type { ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import { age, table } from '../format/index.ts';
import { revisionNumber } from '../revisions.ts';

/** Every undo that is kept, the newest first: by whom, from what to what, and what became of it. */
export function renderUndos(
  rollbacks: readonly ModelRollback[],
  revisions: readonly ModelRevision[],
  options: { readonly now: Date; readonly wide: boolean },
): string {
  const heads = ['UNDO', 'STATE', 'FROM', 'TO', 'BY', 'AGE', 'REASON', ...(options.wide ? ['MESSAGE'] : [])];
  const rows = rollbacks
    .toSorted((a, b) =>
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
    )
    .map(({ metadata, spec, status }) => {
      const cells = [
        metadata.name,
        status?.state ?? 'Requested',
        numberOf(status?.fromRevision, revisions),
        numberOf(status?.toRevision ?? spec.toRevision?.toString(), revisions),
        spec.requestedBy ?? '-',
        age(metadata.creationTimestamp, options.now),
        oneLine(spec.reason ?? '-'),
      ];
      if (options.wide) cells.push(oneLine(status?.message ?? ''));
      return cells;
    });
  return table(heads, rows);
}

/** The number of a revision that is still there; else what it is called. */
function numberOf(name: string | undefined, revisions: readonly ModelRevision[]): string {
  if (name === undefined) return '-';
  const revision = revisions.find(({ metadata }) => metadata.name === name);
  const number = revision === undefined ? undefined : revisionNumber(revision);
  return number === undefined ? name : String(number);
}

/** As much of a text as a table's cell takes. */
export function oneLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
