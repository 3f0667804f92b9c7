import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { freePorts, retryTakenPort } from './ports.ts';

it('chooses ports that differ and can be listened on', async () => {
  const ports = await freePorts(5);
  expect(new Set(ports).size).toBe(5);
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
});

it('starts again when a port was taken meanwhile, and not for another reason', async () => {
  let starts = 0;
  const start = (failure: string) => (): Promise<number> => {
    starts += 1;
    return starts < 3 ? Promise.reject(new Error(failure)) : Promise.resolve(starts);
  };
  expect(
    await retryTakenPort(start('etcd ended\nlisten tcp 127.0.0.1:1: bind: address already in use')),
  ).toBe(3);
  starts = 0;
  await expect(retryTakenPort(start('no space left'))).rejects.toThrow('no space left');
  expect(starts).toBe(1);
});
