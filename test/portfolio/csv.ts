type Row = Readonly<Record<string, string>>;

/** A cell, in quotes or bare, and what ends it: a comma, the line, or the text. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;

/** The rows of a CSV text by the names of its first line, as training reads them: cells may be in quotes. */
export function csvRows(text: string): readonly Row[] {
  const [head = [], ...lines] = csvLines(text);
  return lines.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
}

function csvLines(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let line: string[] = [];
  let read = 0;
  for (const [whole, quoted, bare, end] of text.matchAll(CELL)) {
    if (whole === '' && line.length === 0) break;
    line.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    read += whole.length;
    if (end === ',') continue;
    if (line.length > 1 || line[0] !== '') lines.push(line);
    line = [];
    if (end === '') break;
  }
  if (read !== text.length) throw new Error(`the CSV text cannot be read after line ${lines.length}`);
  return lines;
}
