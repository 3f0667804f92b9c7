import { columns, noPaint } from '../format/index.ts';
import type { Paint, Tone } from '../format/index.ts';
import type { Change, Section } from './compare.ts';

/** Differences as a person reads them: `~` changed, `+` added, `-` removed. */
export function renderDiff(
  before: string,
  after: string,
  sections: readonly Section[],
  paint: Paint = noPaint,
): string {
  if (sections.length === 0) return `${before} and ${after} have the same content`;
  const blocks = sections.map((section) => {
    const rows = columns(section.changes.map((change) => cells(change)));
    return [
      paint('strong', section.title),
      ...rows.map((row, i) => `  ${paint(tone(section.changes[i]), row)}`),
    ].join('\n');
  });
  return [`${before} -> ${after}`, ...blocks].join('\n\n');
}

function cells(change: Change): string[] {
  const { field, before, after, delta } = change;
  if (before === undefined) return [`+ ${field}`, after ?? ''];
  if (after === undefined) return [`- ${field}`, before];
  return [`~ ${field}`, `${before} -> ${after}`, delta === undefined ? '' : `(${delta})`];
}

function tone(change: Change | undefined): Tone {
  if (change?.before === undefined) return 'good';
  return change.after === undefined ? 'bad' : 'wait';
}
