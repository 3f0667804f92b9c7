import { describe, expect, test } from 'vitest';
import { age, bar, bytes, columns, document, duration, noPaint, paintFor, signsFor, table } from './index.ts';

describe('a duration reads as kubectl prints it', () => {
  test.each([
    [0, '0s'],
    [45_000, '45s'],
    [119_000, '119s'],
    [200_000, '3m20s'],
    [300_000, '5m'],
    [15 * 60_000, '15m'],
    [3 * 3600_000 + 5 * 60_000, '3h5m'],
    [30 * 3600_000, '30h'],
    [3 * 86_400_000 + 2 * 3600_000, '3d2h'],
    [20 * 86_400_000, '20d'],
    [-5, '0s'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('an age without a timestamp is unknown', () => {
    expect(age(undefined, new Date())).toBe('<unknown>');
    expect(age('yesterday', new Date())).toBe('<unknown>');
    expect(age('2026-01-01T00:00:00Z', new Date('2026-01-01T00:00:07Z'))).toBe('7s');
  });
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [2.1 * 1024 * 1024, '2.1 MiB'],
  [300 * 1024, '300 KiB'],
])('%d bytes read as %s', (count, text) => {
  expect(bytes(count)).toBe(text);
});

test('columns are as wide as their widest cell, and lines end without blanks', () => {
  expect(
    table(
      ['NAME', 'AGE'],
      [
        ['bankchurn', '3s'],
        ['x', ''],
      ],
    ),
  ).toBe('NAME        AGE\nbankchurn   3s\nx');
  expect(
    columns(
      [
        ['├─ é', 'a'],
        ['abcdef', 'b'],
      ],
      1,
    ),
  ).toEqual(['├─ é   a', 'abcdef b']);
});

test('a document is JSON or YAML of the same value', () => {
  expect(JSON.parse(document('json', { a: [1] }))).toEqual({ a: [1] });
  expect(document('yaml', { a: [1] })).toBe('a:\n  - 1');
});

test('colours appear on a terminal alone, and NO_COLOR turns them off', () => {
  expect(paintFor({ isTTY: true }, {})('good', 'ok')).toBe('\u001B[32mok\u001B[39m');
  expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(noPaint);
  expect(paintFor({}, {})('bad', 'no')).toBe('no');
});

describe('a bar shows a share of two', () => {
  test.each([
    [0, '░░░░░░░░░░'],
    [1, '█░░░░░░░░░'],
    [50, '█████░░░░░'],
    [99, '█████████░'],
    [100, '██████████'],
  ])('%d %%', (percent, text) => {
    expect(bar(percent, 10)).toBe(text);
  });
});

describe('signs follow the terminal’s character set', () => {
  test.each([
    [{}, '├─ ✓'],
    [{ LANG: 'de_DE.UTF-8' }, '├─ ✓'],
    [{ LANG: 'C.utf8' }, '├─ ✓'],
    [{ LANG: 'C' }, '|- +'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'POSIX' }, '|- +'],
    [{ LANG: 'en_US.ISO-8859-1' }, '|- +'],
    [{ LANG: 'en_US.UTF-8', TERM: 'dumb' }, '|- +'],
  ])('%j', (env, text) => {
    expect(signsFor(env)('├─ ✓')).toBe(text);
  });
});
