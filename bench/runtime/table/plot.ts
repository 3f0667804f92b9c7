import { TITLES, type ServerKind } from '../servers.ts';
import type { Cell } from './cells.ts';

const WIDTH = 860;
const LABEL = 210;
const BAR = 20;
const GAP = 6;
const HEAD = 34;
const COLOURS: Readonly<Record<ServerKind, string>> = {
  windlass: '#0b6bcb',
  'node-await': '#7a8b99',
  'node-inline': '#7a8b99',
  starlette: '#a3b1bd',
  fastapi: '#a3b1bd',
  mlserver: '#a3b1bd',
};

/** Requests a second of each server, a panel for each model, each on its own scale: single rows as JSON. */
export function plot(cells: readonly Cell[], connections: number): string {
  const shown = cells.filter(
    (cell) => cell.connections === connections && cell.batch === 1 && cell.format === 'JSON',
  );
  const models = [...new Set(shown.map(({ model }) => model))];
  let y = 16;
  const parts: string[] = [];
  for (const model of models) {
    const rows = shown.filter((cell) => cell.model === model);
    const most = Math.max(...rows.map(rate), 1);
    y += HEAD;
    parts.push(text(16, y - 12, model, 'font-weight="600"'));
    for (const row of rows) {
      const width = Math.max(1, (rate(row) / most) * (WIDTH - LABEL - 110));
      parts.push(
        text(LABEL - 10, y + BAR - 6, TITLES[row.server], 'text-anchor="end"'),
        `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[row.server]}"/>`,
        text(
          LABEL + width + 8,
          y + BAR - 6,
          rate(row) === 0 ? 'failed' : Math.round(rate(row)).toLocaleString('en'),
        ),
      );
      y += BAR + GAP;
    }
  }
  const title = `Requests a second on one core, ${connections} connections, one row each, JSON`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 16}" width="${WIDTH}" role="img" aria-label="${title}">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<g font-family="system-ui, sans-serif" font-size="13" fill="#1c2733">`,
    text(16, 18, title, 'font-size="15" font-weight="600"'),
    ...parts,
    '</g></svg>\n',
  ].join('\n');
}

function rate({ result }: Cell): number {
  return 'failed' in result ? 0 : result.requestsPerSecond;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
