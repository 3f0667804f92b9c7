import type { FeatureReport } from '../report.ts';
import { html, type Html } from '#runtime/pages/html.ts';
import { percent } from './numbers.ts';
import { pictureRows, type PictureRow } from './rows.ts';

// Lengths are in the picture's own units, about a pixel each.
const WIDTH = 350;
const WIDEST_LABEL = 130;
const LABEL_MARGIN = 14;
const CHARACTER = 7.4;
const NUMBERS = 52;
const BAR = 9;
const ROW = 29;
const TOP = 2;
const LABEL_CHARACTERS = 18;

/** Two bars for each bin: how the training data was spread, and how the window's rows are. */
export function picture(feature: FeatureReport, id: string): Html {
  const rows = pictureRows(feature);
  const longest = Math.max(0.01, ...rows.map(({ reference, now }) => Math.max(reference, now)));
  const scale: Scale = scaleOf(rows, longest);
  const height = TOP + rows.length * ROW;
  return html`<svg
    class="picture"
    viewBox="0 0 ${WIDTH} ${height}"
    role="img"
    aria-labelledby="${id}-title ${id}-desc"
  >
    <title id="${id}-title">${feature.name}: share of rows in each bin, training data and now</title>
    <desc id="${id}-desc">${description(rows)}</desc>
    <line class="axis" x1="${scale.left}" y1="0" x2="${scale.left}" y2="${height}" />
    ${rows.map((row, index) => pair(row, TOP + index * ROW, scale, feature.samples > 0))}
  </svg>`;
}

interface Scale {
  /** Where bars begin. */
  readonly left: number;
  /** Length of the share 1. */
  readonly whole: number;
}

/** Labels take what the longest needs, bars the rest. */
function scaleOf(rows: readonly PictureRow[], longest: number): Scale {
  const characters = Math.max(...rows.map(({ label }) => label.length));
  const left = Math.min(WIDEST_LABEL, Math.ceil(characters * CHARACTER) + LABEL_MARGIN);
  return { left, whole: (WIDTH - left - NUMBERS) / longest };
}

function pair(
  { label, reference, now }: PictureRow,
  y: number,
  { left, whole }: Scale,
  counted: boolean,
): Html {
  const bar = (kind: 'before' | 'now', share: number, top: number): Html => {
    const width = rounded(share * whole);
    return html`<rect class="${kind}" x="${left}" y="${top}" width="${width}" height="${BAR}" />`;
  };
  const percentAt = (kind: 'before' | 'now', share: number, top: number): Html =>
    html`<text class="${kind}" x="${rounded(left + share * whole + 5)}" y="${top + BAR - 0.5}"
      >${percent(share)}</text
    >`;
  return html`<g>
    <text class="bin" x="${left - 8}" y="${y + ROW / 2 + 1}" text-anchor="end">${shortened(label)}</text>
    ${bar('before', reference, y + 2)}${percentAt('before', reference, y + 2)}
    ${bar('now', now, y + 13)}${counted && percentAt('now', now, y + 13)}
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
