import { describe, expect, test } from 'vitest';
import { NOW } from '../testing.ts';
import { screenFor } from './screen.ts';

function recorded(stdout: { readonly isTTY?: boolean; readonly columns?: number }) {
  const printed: string[] = [];
  const screen = screenFor({ stdout, now: () => NOW, out: (text) => void printed.push(text) });
  return { screen, printed };
}

describe('on a terminal', () => {
  test('each picture replaces the one before, wrapped lines counted', () => {
    const { screen, printed } = recorded({ isTTY: true, columns: 10 });
    screen.show('short\na line of 25 characters...');
    screen.show('done');
    expect(printed).toEqual(['\u001B[Jshort\na line of 25 characters...\n', '\u001B[4A\r\u001B[Jdone\n']);
  });
  test('colours take no room', () => {
    const { screen, printed } = recorded({ isTTY: true, columns: 10 });
    screen.show('\u001B[32m0123456789\u001B[39m');
    screen.show('x');
    expect(printed[1]).toBe('\u001B[1A\r\u001B[Jx\n');
  });
  test('the same picture is not drawn again', () => {
    const { screen, printed } = recorded({ isTTY: true });
    screen.show('x');
    screen.show('x');
    expect(printed).toHaveLength(1);
  });
});

describe('in a log', () => {
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
