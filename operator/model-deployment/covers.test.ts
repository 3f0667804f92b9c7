import { expect, test } from 'vitest';
import { covers } from './covers.ts';

test.each([
  ['the same', { ports: [{ port: 80 }] }, { ports: [{ port: 80 }] }, true],
  ['defaults that the API server filled in', { a: 1, b: 2 }, { a: 1 }, true],
  ['another value', { a: 2 }, { a: 1 }, false],
  ['a field that is gone', {}, { a: 1 }, false],
  ['a list with an entry more', { list: [{ a: 1, b: 2 }, { a: 3 }] }, { list: [{ a: 1 }] }, true],
  ['a list that lacks an entry', { list: [{ a: 3 }] }, { list: [{ a: 1 }] }, false],
  ['a selector with a key more', { selector: { a: '1', b: '2' } }, { selector: { a: '1' } }, false],
  [
    'a ConfigMap with a key more, which an apply leaves',
    { data: { a: '1', b: '2' } },
    { data: { a: '1' } },
    true,
  ],
  ['a ConfigMap whose text was changed', { data: { a: '2' } }, { data: { a: '1' } }, false],
  ['nothing wanted', { a: 1 }, { a: undefined }, true],
])('%s', (_, actual, wanted, covered) => {
  expect(covers(actual, wanted)).toBe(covered);
});
