import type { BinReport, FeatureReport } from '../report.ts';

/** One pair of bars: shares of all rows, before and now. */
export interface PictureRow {
  readonly label: string;
  readonly reference: number;
  readonly now: number;
}

/** More bars than this are no picture. */
const MAX_ROWS = 24;

/** The bars of a feature's picture: neighbours of many ranges together, of many categories the greatest. */
export function pictureRows({ kind, bins }: FeatureReport): readonly PictureRow[] {
  const before = total(bins.map(({ reference }) => reference));
  const after = total(bins.map(({ now }) => now));
  const rows = bins.map(({ bin, reference, now }) => ({
    label: bin,
    reference: before === 0 ? 0 : reference / before,
    now: after === 0 ? 0 : now / after,
  }));
  return kind === 'numeric' ? numericRows(rows) : categoricalRows(rows);
}

/** How many rows fell into each bin that anything fell into, for the table. */
export function filledBins({ bins }: FeatureReport): readonly BinReport[] {
  return bins.filter(({ reference, now }) => reference > 0 || now > 0);
}

/** under, ranges, over, missing. */
function numericRows(rows: readonly PictureRow[]): readonly PictureRow[] {
  const ranges = rows.slice(1, -2);
  const step = Math.ceil(ranges.length / MAX_ROWS);
  const grouped = Array.from({ length: Math.ceil(ranges.length / step) }, (_, i) =>
    together(ranges.slice(i * step, (i + 1) * step)),
  );
  return [...rows.slice(0, 1).filter(filled), ...grouped, ...rows.slice(-2).filter(filled)];
}

/** categories, other, missing. */
function categoricalRows(rows: readonly PictureRow[]): readonly PictureRow[] {
  const categories = rows.slice(0, -2);
  const special = rows.slice(-2).filter(filled);
  if (categories.length <= MAX_ROWS) return [...categories, ...special];
  const order = categories.toSorted((a, b) => greater(b) - greater(a));
  const rest = order.slice(MAX_ROWS);
  const shown = new Set(order.slice(0, MAX_ROWS));
  const others = { ...together(rest), label: `${rest.length} more` };
  return [...categories.filter((row) => shown.has(row)), others, ...special];
}

function together(rows: readonly PictureRow[]): PictureRow {
  const first = rows[0]?.label ?? '';
  const last = rows.at(-1)?.label ?? '';
  return {
    label: rows.length === 1 ? first : `${first.split(' to ')[0]} to ${last.split(' to ').at(-1)}`,
    reference: total(rows.map(({ reference }) => reference)),
    now: total(rows.map(({ now }) => now)),
  };
}

function filled({ reference, now }: PictureRow): boolean {
  return reference > 0 || now > 0;
}

function greater({ reference, now }: PictureRow): number {
  return Math.max(reference, now);
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
