import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { Folder, post, startServer } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel } from '#test/support/onnx.ts';

const SIZE = 900;
const PRODUCTS = 6;

/** Half a second or so of matrix products for one number. */
const SLOW: OnnxModel = {
  inputs: [{ name: 'x', type: 'float32', shape: [1, 1] }],
  outputs: [{ name: 'y', type: 'float32', shape: [1, 1] }],
  initializers: [
    { name: 'size', type: 'int64', dims: [2], data: [SIZE, SIZE] },
    { name: 'share', type: 'float32', dims: [1], data: [1 / SIZE] },
  ],
  nodes: [
    { op: 'Expand', inputs: ['x', 'size'], outputs: ['m0'] },
    { op: 'Mul', inputs: ['m0', 'share'], outputs: ['p'] },
    ...Array.from({ length: PRODUCTS }, (_, i) => ({
      op: 'MatMul',
      inputs: [`m${i}`, 'p'],
      outputs: [`m${i + 1}`],
    })),
    {
      op: 'ReduceMean',
      inputs: [`m${PRODUCTS}`],
      outputs: ['y'],
      attributes: { axes: { ints: [0, 1] }, keepdims: { int: 1 } },
    },
  ],
};

test('runs that take long hold up neither health checks nor metrics, and are all answered', async () => {
  await using folder = await Folder.create();
  const server = await startServer(await folder.write('slow.onnx', onnxModel(SLOW)));
  try {
    expect(server.model.execution).toMatchObject({ where: 'worker threads' });
    const during = new AbortController();
    const answers = Promise.all([1, 2, 1].map((x) => post(`${server.url}/predict`, { x }))).then((all) => {
      during.abort();
      return all;
    });
    let looks = 0;
    while (!during.signal.aborted) {
      for (const path of ['/livez', '/readyz', '/metrics', '/v2']) {
        expect((await fetch(`${server.url}${path}`)).status).toBe(200);
        looks++;
      }
    }
    const all = await answers;
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(all.map(({ body }) => Number(body['y']).toFixed(3))).toEqual(['1.000', '128.000', '1.000']);
    // A look that had to wait for a run would make these a handful.
    expect(looks).toBeGreaterThan(20);
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

/** Enough that those on both of two threads wait for more than four runs. */
const ADMITTED = 12;

test('what would wait too long is refused with a 503 before its body is read, and the others are answered', async () => {
  await using folder = await Folder.create();
  const model = await folder.write('slow.onnx', onnxModel(SLOW));
  const server = await startServer(model, { maxWaitMs: 50 });
  try {
    const url = `${server.url}/predict`;
    const answers: ReturnType<typeof post>[] = [];
    // Four runs may be waited for where they are long; more have to stand for a while.
    for (let i = 0; i < ADMITTED; i++) answers.push(post(url, { x: 1 }));
    for (let i = 0; i < 10; i++) {
      await sleep(20);
      answers.push(post(url, '{"x": no JSON, but nobody reads it'));
    }
    const all = await Promise.all(answers);
    expect(all.slice(0, ADMITTED).every(({ status }) => status === 200)).toBe(true);
    const refused = all.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(2);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(refused[0]?.body).toMatchObject({
      code: 'Overloaded',
      error: expect.stringMatching(/would wait about \d+ ms, the limit is \d+ ms/),
    });
    const stats: unknown = await (await fetch(`${server.url}/stats`)).json();
    expect(stats).toMatchObject({
      runs: { total: ADMITTED, rows: ADMITTED, rows_per_run: 1, where: 'worker threads' },
      queue: { rows: 0, wait_ms: 0, refused: refused.length },
      memory: { resident_bytes: expect.any(Number), limit_bytes: expect.any(Number) },
    });
    // The wait is over, and so is the refusing.
    expect((await post(url, { x: 2 })).status).toBe(200);
  } finally {
    await server.stop();
  }
});

test('what runs on a thread when the server is told to go is answered first', async () => {
  await using folder = await Folder.create();
  const server = await startServer(await folder.write('slow.onnx', onnxModel(SLOW)));
  const answer = post(`${server.url}/predict`, { x: 1 });
  while (server.model.batcher.backlog.rows === 0) await sleep(5);
  expect(await server.stop('drain')).toBe(0);
  expect((await answer).status).toBe(200);
  expect((await answer).headers.get('connection')).toBe('close');
});

test('a request whose caller broke the connection while it waited is not run', async () => {
  vi.stubEnv('WINDLASS_CPU_LIMIT', '1');
  await using folder = await Folder.create();
  const server = await startServer(await folder.write('slow.onnx', onnxModel(SLOW)));
  const { backlog } = server.model.batcher;
  try {
    const first = post(`${server.url}/predict`, { x: 1 });
    while (backlog.jobs < 1) await sleep(1);
    const caller = connect(Number(new URL(server.url).port), '127.0.0.1');
    caller.write('POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{"x":1}');
    while (backlog.jobs < 2) await sleep(1);
    caller.resetAndDestroy();
    expect((await first).status).toBe(200);
    while (backlog.jobs > 0) await sleep(1);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toContain('http_requests_total{method="POST",path="/predict",status="499"} 1');
    const stats: unknown = await (await fetch(`${server.url}/stats`)).json();
    expect(stats).toMatchObject({ runs: { total: 1 } });
  } finally {
    vi.unstubAllEnvs();
    await server.stop();
  }
});
