import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { forbiddenClass } from './addresses.ts';
import { guardedLookup } from './guard.ts';

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.8.9.10', 'loopback'],
  ['0.0.0.0', 'unspecified'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::127.0.0.1', 'loopback'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['2002:7f00:1::', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['::ffff:a9fe:a9fe', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['febf::1', 'link-local'],
  ['fd00:ec2::254', 'metadata'],
  ['100.100.100.200', 'metadata'],
  ['224.0.0.1', 'multicast'],
  ['10.0.0.1', 'apiserver'],
  ['::ffff:10.0.0.1', 'apiserver'],
  ['10.0.0.2', undefined],
  ['192.168.1.1', undefined],
  ['fd12::1', undefined],
  ['2001:db8::1', undefined],
  ['fec0::1', undefined],
  ['2001:DB8:0::2', 'apiserver'],
] as const)('%s is %s', (address, expected) => {
  const refused = ['10.0.0.1', '10.0.0.2:6443', '[2001:db8::2]:9000'];
  expect(forbiddenClass(address, 9000, { refused })).toBe(expected);
});

test('allowing loopback allows nothing else', () => {
  expect(forbiddenClass('127.0.0.1', 80, { allowLoopback: true })).toBeUndefined();
  expect(forbiddenClass('0.0.0.0', 80, { allowLoopback: true })).toBeUndefined();
  expect(forbiddenClass('169.254.1.1', 80, { allowLoopback: true })).toBe('link-local');
  expect(forbiddenClass('127.0.0.1', 6443, { allowLoopback: true, refused: ['127.0.0.1:6443'] })).toBe(
    'apiserver',
  );
});

const store = { endpoint: 'S3 endpoint', kind: 'S3 store', setting: 'AWS_ENDPOINT_URL' };

function look(answer: readonly LookupAddress[], all: boolean): Promise<unknown> {
  const resolve = ((
    _: string,
    __: unknown,
    callback: (error: null, found: readonly LookupAddress[]) => void,
  ) => callback(null, answer)) as unknown as Parameters<typeof guardedLookup>[3];
  return new Promise((settle, fail) =>
    guardedLookup(
      store,
      80,
      {},
      resolve,
    )('store.example', { all }, (error, found) => (error === null ? settle(found) : fail(error))),
  );
}

test('a name is refused when any of its addresses is forbidden', async () => {
  const good = { address: '10.1.1.1', family: 4 };
  await expect(look([good], false)).resolves.toBe('10.1.1.1');
  await expect(look([good], true)).resolves.toEqual([good]);
  await expect(look([good, { address: '::1', family: 6 }], true)).rejects.toThrow(
    'store.example (::1) is a loopback address',
  );
});
