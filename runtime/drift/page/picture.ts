import type { FeatureReport } from '../report.ts';
import { html, type Html } from '#runtime/pages/html.ts';
import { percent } from './numbers.ts';
import { pictureRows, type PictureRow } from './rows.ts';

// Lengths are in the picture's own units, about a pixel each.
const WIDTH = 350;
const LABEL = 128;
const NUMBERS = 46;
const BARS = WIDTH - LABEL - NUMBERS;
const BAR = 9;
const ROW = 29;
const TOP = 2;
const LABEL_CHARACTERS = 19;

/** Two bars for each bin: how the training data was spread, and how the window's rows are. */
export function picture(feature: FeatureReport, id: string): Html {
  const rows = pictureRows(feature);
  const longest = Math.max(0.01, ...rows.map(({ reference, now }) => Math.max(reference, now)));
  const height = TOP + rows.length * ROW;
  return html`<svg
    class="picture"
    viewBox="0 0 ${WIDTH} ${height}"
    role="img"
    aria-labelledby="${id}-title ${id}-desc"
  >
    <title id="${id}-title">${feature.name}: share of rows in each bin, training data and now</title>
    <desc id="${id}-desc">${description(rows)}</desc>
    <line class="axis" x1="${LABEL}" y1="0" x2="${LABEL}" y2="${height}" />
    ${rows.map((row, index) => pair(row, TOP + index * ROW, BARS / longest))}
  </svg>`;
}

function pair({ label, reference, now }: PictureRow, y: number, scale: number): Html {
  const bar = (kind: 'before' | 'now', share: number, top: number): Html => {
    const width = rounded(share * scale);
    return html`<rect class="${kind}" x="${LABEL}" y="${top}" width="${width}" height="${BAR}" />`;
  };
  const percentAt = (kind: 'before' | 'now', share: number, top: number): Html =>
    html`<text class="${kind}" x="${rounded(LABEL + share * scale + 5)}" y="${top + BAR - 0.5}"
      >${percent(share)}</text
    >`;
  return html`<g>
    <text class="bin" x="${LABEL - 8}" y="${y + ROW / 2 + 1}" text-anchor="end">${shortened(label)}</text>
    ${bar('before', reference, y + 2)}${percentAt('before', reference, y + 2)}
    ${bar('now', now, y + 13)}${percentAt('now', now, y + 13)}
  </g>`;
}

/** For who hears the picture: the bin that changed most. */
function description(rows: readonly PictureRow[]): string {
  const [most] = rows.toSorted((a, b) => Math.abs(b.now - b.reference) - Math.abs(a.now - a.reference));
  if (most === undefined || rows.every(({ now }) => now === 0)) return 'No rows yet.';
  const { label, reference, now } = most;
  return `The greatest change is in "${label}": ${percent(reference)} of the training data, ${percent(now)} now.`;
}

function shortened(label: string): string {
  return label.length <= LABEL_CHARACTERS ? label : `${label.slice(0, LABEL_CHARACTERS - 1)}…`;
}

function rounded(length: number): number {
  return Math.round(length * 10) / 10;
}
