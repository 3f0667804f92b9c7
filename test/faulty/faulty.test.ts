import http from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { FORWARDED_HEADER } from '#contract/names.ts';
import { endSpawned, Folder, spawnServer, type TestProcess } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { FAULTS, faultyEnvironment, faultyFlag, type Fault } from './index.ts';

afterEach(endSpawned);

const BODY = JSON.stringify({ x: 3, y: 1 });

interface Faulty extends AsyncDisposable {
  readonly process: TestProcess;
  /** What a client, or another pod, is answered: the status, or how it went wrong. */
  ask(who: 'client' | 'pod'): Promise<number | string>;
}

async function serveFaulty(fault: Fault): Promise<Faulty> {
  const bundle = await Folder.create(linearBundle());
  const process = await spawnServer({ model: bundle.path }, [await faultyFlag(fault)]);
  return {
    process,
    ask: (who) => ask(`${process.url}/predict`, who === 'pod' ? { [FORWARDED_HEADER]: 'a' } : {}),
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await bundle[Symbol.asyncDispose]();
    },
  };
}

/** On a connection of its own: pods do not share theirs with clients. */
function ask(url: string, headers: Readonly<Record<string, string>>): Promise<number | string> {
  return new Promise((resolve) => {
    const length = Buffer.byteLength(BODY);
    const options = {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    } as const;
    const request = http.request(url, options, (answer) => {
      answer.on('error', () => resolve('cut'));
      answer.on('end', () => resolve(answer.statusCode ?? 0)).resume();
    });
    request.setTimeout(500, () => request.destroy(new Error('silence')));
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.end(BODY);
  });
}

test.each([
  ['status500', 500],
  ['hang', 'silence'],
  ['reset', 'ECONNRESET'],
  ['resetMidway', 'ECONNRESET'],
] as const)(
  'a runtime with the fault %s is well to its clients and bad to other pods',
  async (fault, bad) => {
    await using faulty = await serveFaulty(fault);
    for (const expected of [200, bad, bad, 200]) {
      const who = expected === 200 ? 'client' : 'pod';
      expect(await faulty.ask(who)).toBe(expected);
    }
  },
);

test('a slow one answers rightly, and late', async () => {
  await using faulty = await serveFaulty('slow');
  const start = performance.now();
  expect(await faulty.ask('pod')).toBe(200);
  expect(performance.now() - start).toBeGreaterThan(190);
});

test.each([
  ['crash', 134],
  ['outOfMemory', 137],
] as const)('one with the fault %s lives until other pods ask it', async (fault, code) => {
  await using faulty = await serveFaulty(fault);
  expect(await faulty.ask('client')).toBe(200);
  await new Promise((resolve) => void setTimeout(resolve, 300));
  expect(await faulty.ask('pod')).toBe(200);
  expect(await faulty.process.ended).toBe(code);
});

test('each fault fits into an environment variable', async () => {
  for (const fault of FAULTS) expect(await faultyEnvironment(fault)).toHaveLength(1);
});
