import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { S3Proxy } from './s3-proxy.ts';

const BODY = 'x'.repeat(100_000);
const store = http.createServer((_, response) => response.end(BODY));
let proxy: S3Proxy;

beforeAll(async () => {
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  proxy = await S3Proxy.start({ host: '127.0.0.1', port: (store.address() as AddressInfo).port });
});
afterAll(async () => {
  await proxy.stop();
  store.close();
});

const get = async (): Promise<string> => {
  const response = await fetch(proxy.endpoint, { signal: AbortSignal.timeout(1000) });
  return `${response.status} ${(await response.text()).length}`;
};

test('each fault shows as itself, and passing again heals it', async () => {
  expect(await get()).toBe(`200 ${BODY.length}`);
  proxy.setFault({ kind: 'refuse' });
  await expect(get()).rejects.toThrow(/fetch failed/);
  proxy.setFault({ kind: 'stall' });
  await expect(get()).rejects.toThrow(/timeout|aborted/i);
  proxy.setFault({ kind: 'slowDown' });
  expect(await get()).toMatch(/^503 /);
  proxy.setFault({ kind: 'cut', bytes: 5000 });
  await expect(get()).rejects.toThrow(/terminated/);
  expect(proxy.cuts).toBe(1);
  proxy.setFault({ kind: 'pass' });
  expect(await get()).toBe(`200 ${BODY.length}`);
});

test('a throttled answer is whole, and slow', async () => {
  proxy.setFault({ kind: 'throttle', bytesPerSecond: 400_000 });
  const start = performance.now();
  expect(await get()).toBe(`200 ${BODY.length}`);
  expect(performance.now() - start).toBeGreaterThan(150);
});
