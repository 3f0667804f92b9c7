import { expect, test } from 'vitest';
import { csvRows } from './csv.ts';

test('quotes may hold commas, line ends and quotes', () => {
  expect(csvRows('a,b\n1,"x, ""y""\nz"\n,2')).toEqual([
    { a: '1', b: 'x, "y"\nz' },
    { a: '', b: '2' },
  ]);
});

test('a line that ends before its columns do has nothing in them, and an empty one is none', () => {
  expect(csvRows('a,b\r\n1\r\n\r\n2,3\r\n')).toEqual([
    { a: '1', b: '' },
    { a: '2', b: '3' },
  ]);
});

test('text after a closing quote is no CSV', () => {
  expect(() => csvRows('a\n"x"y\n')).toThrow('after line 1');
});
