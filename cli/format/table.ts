/** Columns as kubectl prints them: upper-case heads, three spaces between, nothing after the last. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return columns([heads, ...rows]).join('\n');
}

/** Lines whose cells are padded to the widest of their column; empty cells at the end leave no blanks. */
export function columns(rows: readonly (readonly string[])[], gap = 3): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - width(cell) + gap))
      .join('')
      .trimEnd(),
  );
}

/** Code points: what a name, a number or a tree's branch takes on a terminal. */
function width(text: string): number {
  return Array.from(text).length;
}
