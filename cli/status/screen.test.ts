import { describe, expect, test } from 'vitest';
import { NOW } from '../testing.ts';
import { screenFor } from './screen.ts';

function recorded(
  stdout: { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number },
  env = {},
) {
  const printed: string[] = [];
  const screen = screenFor({ stdout, env, now: () => NOW, out: (text) => void printed.push(text) });
  return { screen, printed };
}

const K = '\u001B[K';
const J = '\u001B[J';

describe('on a terminal', () => {
  test('each picture replaces the one before, wrapped lines counted', () => {
    const { screen, printed } = recorded({ isTTY: true, columns: 10 });
    screen.show('short\na line of 25 characters...');
    screen.show('done');
    expect(printed).toEqual([`short${K}\na line of 25 characters...${K}\n${J}`, `\u001B[4A\rdone${K}\n${J}`]);
  });
  test('colours take no room', () => {
    const { screen, printed } = recorded({ isTTY: true, columns: 10 });
    screen.show('\u001B[32m0123456789\u001B[39m');
    screen.show('x');
    expect(printed[1]).toBe(`\u001B[1A\rx${K}\n${J}`);
  });
  test('the same picture is not drawn again', () => {
    const { screen, printed } = recorded({ isTTY: true });
    screen.show('x');
    screen.show('x');
    expect(printed).toHaveLength(1);
  });
});

test('a picture that is taller than the terminal keeps its end, the cause and the next step', () => {
  const { screen, printed } = recorded({ isTTY: true, columns: 80, rows: 6 });
  screen.show(['head', ...Array.from({ length: 20 }, (_, i) => `pod ${i}`), '', 'cause', 'next'].join('\n'));
  const lines = printed.join('').replaceAll(K, '').replaceAll(J, '').trimEnd().split('\n');
  expect(lines).toEqual([
    'head',
    'pod 0',
    '(20 more lines: make the window taller, or look without --watch)',
    'cause',
    'next',
  ]);
});

test('a terminal that cannot move its cursor is written to as a log', () => {
  const { screen, printed } = recorded({ isTTY: true }, { TERM: 'dumb' });
  screen.show('x');
  expect(printed).toEqual(['12:00:00\nx\n']);
});

describe('in a log', () => {
  test('a check is told again when its mark changes, not with every reading', () => {
    const { screen, printed } = recorded({});
    screen.show(
      '│  … errorRate   no reading   at most 1 %   3 samples\n│  waits   errorRate: 3 of 50 samples',
    );
    screen.show(
      '│  … errorRate   no reading   at most 1 %   9 samples\n│  waits   errorRate: 9 of 50 samples',
    );
    screen.show('RollingOut: 9 of 50 samples.');
    screen.show('RollingOut: 12 of 50 samples.');
    screen.show('│  ✓ errorRate   0.2 %        at most 1 %   60 samples');
    expect(printed.map((text) => text.split('\n').slice(1, -1))).toEqual([
      ['│  … errorRate   no reading   at most 1 %   3 samples', '│  waits   errorRate: 3 of 50 samples'],
      ['RollingOut: 9 of 50 samples.'],
      ['│  ✓ errorRate   0.2 %        at most 1 %   60 samples'],
    ]);
  });

  test('only lines that changed are printed; a growing age is no change', () => {
    const { screen, printed } = recorded({});
    screen.show('bankchurn: Starting\n│\n├─ pod-a   Pulling model   3s');
    screen.show('bankchurn: Starting\n│\n└─ pod-a   Pulling model   119s');
    screen.show('bankchurn: Starting\n│\n└─ pod-a   Ready   2m5s');
    expect(printed).toEqual([
      '12:00:00\nbankchurn: Starting\n├─ pod-a   Pulling model   3s\n',
      '12:00:00\n└─ pod-a   Ready   2m5s\n',
    ]);
  });
});
