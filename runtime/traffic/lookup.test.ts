import type { LookupAddress } from 'node:dns';
import { expect, it } from 'vitest';
import { lookupAnyOrder, shuffled } from './lookup.ts';

const pods = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => ({ address, family: 4 }));

it('keeps every address and changes the order', () => {
  const numbers = [0.9, 0.1, 0.5];
  const order = shuffled(pods, () => numbers.shift() ?? 0).map(({ address }) => address);
  expect(order).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.1']);
});

it('puts each pod first about equally often', () => {
  const first = new Map<string, number>();
  for (let i = 0; i < 3000; i += 1) {
    const address = shuffled(pods, Math.random)[0]?.address ?? '';
    first.set(address, (first.get(address) ?? 0) + 1);
  }
  for (const { address } of pods) expect(first.get(address)).toBeGreaterThan(800);
});

it('answers in both of the forms that node asks for, and with the error of a name that is not known', async () => {
  const all = await new Promise((resolve) =>
    lookupAnyOrder('127.0.0.1', { all: true }, (_, addresses) => resolve(addresses)),
  );
  expect(all).toEqual([{ address: '127.0.0.1', family: 4 }] satisfies LookupAddress[]);
  const one = await new Promise((resolve) =>
    lookupAnyOrder('127.0.0.1', {}, (_, address, family) => resolve([address, family])),
  );
  expect(one).toEqual(['127.0.0.1', 4]);
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) =>
    lookupAnyOrder('no-such-name.invalid', { all: true }, (cause) => resolve(cause)),
  );
  expect(error?.code).toMatch(/ENOTFOUND|EAI_AGAIN/);
});
