import { stripVTControlCharacters } from 'node:util';
import type { Io } from '../io.ts';

export interface Screen {
  /** Shows the newest picture; prints nothing where it is the one that is already there. */
  readonly show: (text: string) => void;
}

const CLEAR_BELOW = '\u001B[J';

/** On a terminal each picture replaces the one before; elsewhere (a CI log) only lines that changed are printed. */
export function screenFor(io: Pick<Io, 'out' | 'stdout' | 'now'>): Screen {
  return io.stdout.isTTY === true ? redrawing(io) : appending(io);
}

function redrawing(io: Pick<Io, 'out' | 'stdout'>): Screen {
  let before = '';
  return {
    show(text) {
      if (text === before) return;
      const up = before === '' ? 0 : height(before, io.stdout.columns ?? 80);
      before = text;
      io.out(`${up === 0 ? '' : `\u001B[${up}A\r`}${CLEAR_BELOW}${text}\n`);
    },
  };
}

/** Lines on the terminal: a long line wraps. */
function height(text: string, width: number): number {
  return text
    .split('\n')
    .map((line) => Math.max(1, Math.ceil(Array.from(stripVTControlCharacters(line)).length / width)))
    .reduce((sum, lines) => sum + lines, 0);
}

/** Ages grow every second and would repeat every line: a line counts as changed when it differs without them. */
function appending(io: Pick<Io, 'out' | 'now'>): Screen {
  let before = new Set<string>();
  return {
    show(text) {
      const lines = text.split('\n').filter((line) => !/^[│\s]*$/.test(line));
      const fresh = lines.filter((line) => !before.has(withoutAge(line)));
      before = new Set(lines.map((line) => withoutAge(line)));
      if (fresh.length > 0) io.out(`${io.now().toISOString().slice(11, 19)}\n${fresh.join('\n')}\n`);
    },
  };
}

function withoutAge(line: string): string {
  return line
    .replaceAll(/\b(\d+[dhms]){1,2}\b/g, '')
    .replaceAll(/[├└]/g, '')
    .replaceAll(/\s+/g, ' ');
}
