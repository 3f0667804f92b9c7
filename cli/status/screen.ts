import { stripVTControlCharacters } from 'node:util';
import type { Io } from '../io.ts';

export interface Screen {
  /** Shows the newest picture; prints nothing where it is the one that is already there. */
  readonly show: (text: string) => void;
}

const CLEAR_BELOW = '\u001B[J';
const CLEAR_RIGHT = '\u001B[K';

type Terminal = Pick<Io, 'out' | 'stdout' | 'now' | 'env'>;

/**
 * On a terminal each picture replaces the one before; elsewhere (a CI log, a terminal that cannot move its cursor) only
 * lines that changed are printed.
 */
export function screenFor(io: Terminal): Screen {
  return io.stdout.isTTY === true && io.env['TERM'] !== 'dumb' ? redrawing(io) : appending(io);
}

/** Written over, line by line and in one write: nothing is blank in between, so nothing flickers. */
function redrawing(io: Terminal): Screen {
  let before = '';
  return {
    show(text) {
      const { columns = 80, rows = Infinity } = io.stdout;
      const picture = fitting(text, columns, rows);
      if (picture === before) return;
      const up = before === '' ? 0 : height(before, columns);
      before = picture;
      const lines = picture.split('\n').map((line) => `${line}${CLEAR_RIGHT}\n`);
      io.out(`${up === 0 ? '' : `\u001B[${up}A\r`}${lines.join('')}${CLEAR_BELOW}`);
    },
  };
}

/** What does not fit above the prompt could not be written over: it is left out, and said so. */
function fitting(text: string, columns: number, rows: number): string {
  if (height(text, columns) < rows) return text;
  const lines = text.split('\n');
  const tail = lines.slice(lines.lastIndexOf('') + 1); // the cause and the next step
  const kept = lines.slice(0, lines.length - tail.length);
  const whole = (dropped: number) =>
    [...kept, `(${dropped} more lines: make the window taller, or look without --watch)`, ...tail].join('\n');
  let dropped = 0;
  while (kept.length > 1 && height(whole(dropped), columns) >= rows) {
    kept.pop();
    dropped += 1;
  }
  return whole(dropped);
}

/** Lines on the terminal: a long line wraps. */
function height(text: string, width: number): number {
  return text
    .split('\n')
    .map((line) => Math.max(1, Math.ceil(Array.from(stripVTControlCharacters(line)).length / width)))
    .reduce((sum, lines) => sum + lines, 0);
}

/**
 * Ages grow every second, and a check's value with every reading: a line counts as changed when it differs without them.
 */
function appending(io: Terminal): Screen {
  let before = new Set<string>();
  return {
    show(text) {
      const lines = text.split('\n').filter((line) => !/^[│|\s]*$/.test(line));
      const fresh = lines.filter((line) => !before.has(withoutAge(line)));
      before = new Set(lines.map((line) => withoutAge(line)));
      if (fresh.length > 0) io.out(`${io.now().toISOString().slice(11, 19)}\n${fresh.join('\n')}\n`);
    },
  };
}

function withoutAge(line: string): string {
  // A check counts by its mark and name, what it waits for and the shadow report by their words: numbers move all the time.
  const check = /^[│|\s]*([✓…✗+~x] .*?) {3}/.exec(line)?.[1];
  if (check !== undefined) return check;
  const moving = /^[│|]\s+(waits|shadow| {4})|^(RollingOut|Baking): /.test(line);
  return (moving ? line.replaceAll(/[\d.,]+/g, '') : line)
    .replaceAll(/\b(\d+[dhms]){1,2}\b/g, '')
    .replaceAll(/[├└`]/g, '')
    .replaceAll(/\s+/g, ' ');
}
