import { execFile } from 'node:child_process';
import { readFile, rename, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { parseTerminationMessage } from '#contract/failure.ts';
import { FORWARDED_HEADER, REVISION_HEADER } from '#contract/names.ts';
import { serveOptionsSchema } from '#runtime/config.ts';
import { listen } from '#runtime/http/front.ts';
import { runServe } from '#runtime/server.ts';
import { endSpawned, Folder, post, spawnServer, startServer, type TestServer } from '#runtime/testing.ts';
import { linearBundle } from '#test/support/bundle.ts';
import { Load } from '#test/support/load.ts';

afterEach(endSpawned);

const BODY = { x: 3, y: 1 };
const TOKEN = 'what-pods-show-one-another';

/** A traffic file as the kubelet mounts it: a link to a folder that is swapped. */
class TrafficMount {
  readonly folder: Folder;
  #swaps = 0;
  constructor(folder: Folder) {
    this.folder = folder;
  }
  get path(): string {
    return join(this.folder.path, 'traffic.json');
  }
  async write(generation: number, revision: string, url: string): Promise<void> {
    const version = `..v${this.#swaps++}`;
    const text = JSON.stringify({
      formatVersion: 1,
      generation,
      token: TOKEN,
      stable: { revision, number: 1, url },
    });
    await this.folder.write(`${version}/traffic.json`, text);
    await symlink(version, join(this.folder.path, '..data_tmp'));
    await rename(join(this.folder.path, '..data_tmp'), join(this.folder.path, '..data'));
    if (this.#swaps === 1) await symlink('..data/traffic.json', this.path);
  }
}

async function metric(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((row) => row.startsWith(`${line} `))
      ?.split(' ')[1] ?? 0,
  );
}

async function applied(url: string, generation: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if ((await metric(url, 'windlass_traffic_generation')) === generation) return;
    await sleep(20);
  }
  throw new Error(`${url} did not apply generation ${generation}`);
}

test('a server that is told to go loses no request of the clients that keep their connections', async () => {
  await using bundle = await Folder.create(linearBundle());
  await using first = await spawnServer({ model: bundle.path, drainSeconds: 1 });
  const load = new Load({
    url: `${first.url}/predict`,
    body: JSON.stringify(BODY),
    ratePerSecond: 400,
    connections: 'keptAlive',
    clients: 16,
  });
  await sleep(700);
  first.child.kill('SIGTERM');
  await sleep(600);
  const report = await load.stop();
  expect(await first.ended).toBe(0);
  expect(report.sent).toBeGreaterThan(300);
  expect(report.failures).toEqual([]);
});

test('requests that run when the drain begins are answered, and a second signal shortens the grace', async () => {
  await using bundle = await Folder.create(linearBundle());
  await using server = await spawnServer({ model: bundle.path, drainSeconds: 600 });
  server.child.kill('SIGTERM');
  await sleep(100);
  expect((await post(`${server.url}/predict`, BODY)).status).toBe(200);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

test('a pod that is not stable any more passes requests on, closes, and answers itself when the other is gone', async () => {
  await using bundles = await Folder.create();
  for (const [version, weight] of [
    ['1', 2],
    ['2', 5],
  ] as const) {
    for (const [name, bytes] of linearBundle({ version, weight }))
      await bundles.write(`${version}/${name}`, bytes);
  }
  await using folder = await Folder.create();
  const mount = new TrafficMount(folder);
  await using stable = await spawnServer({
    model: join(bundles.path, '2'),
    revision: 'linear-new',
    trafficFile: mount.path,
    drainSeconds: 0,
  });
  await mount.write(1, 'linear-old', 'http://127.0.0.1:1');
  await using old = await spawnServer({
    model: join(bundles.path, '1'),
    revision: 'linear-old',
    trafficFile: mount.path,
    forwardTimeoutSeconds: 2,
  });
  const ask = () => post(`${old.url}/predict`, BODY);
  expect((await ask()).headers.get(REVISION_HEADER)).toBe('linear-old');

  await mount.write(2, 'linear-new', stable.url);
  await applied(old.url, 2);
  expect(await (await fetch(`${old.url}/windlass/v1/traffic`)).json()).toMatchObject({
    revision: 'linear-old',
    generation: 2,
    stable: false,
    stableRevision: 'linear-new',
  });
  const forwarded = await ask();
  expect(forwarded.body).toEqual({ prediction: 16, model_version: '2' });
  expect(forwarded.headers.get(REVISION_HEADER)).toBe('linear-new');
  expect(forwarded.headers.get('connection')).toBe('close');
  expect(forwarded.headers.get('x-windlass-predictions')).toBeNull();

  // Counted where the client asked, once.
  expect(await metric(old.url, 'predictions_total{outcome="value"}')).toBe(2);
  expect(await metric(old.url, 'prediction_value_sum')).toBe(7 + 16);
  expect(await metric(old.url, 'windlass_forwarded_total{target="stable",outcome="ok"}')).toBe(1);
  expect(await metric(stable.url, 'predictions_total{outcome="value"}')).toBe(0);
  expect(await metric(stable.url, 'windlass_forwarded_received_total{status="200"}')).toBe(1);
  expect(await metric(stable.url, 'http_requests_total{method="POST",path="/predict",status="200"}')).toBe(0);

  // Who only says that a pod passed it on is counted as the client that it is.
  expect((await post(`${stable.url}/predict`, BODY, { [FORWARDED_HEADER]: 'linear-x' })).status).toBe(200);
  expect(await metric(stable.url, 'predictions_total{outcome="value"}')).toBe(1);
  expect(await metric(stable.url, 'windlass_forwarded_received_total{status="200"}')).toBe(1);

  // A bad request is as bad there; one that was forwarded or names a version stays here.
  const bad = await post(`${old.url}/predict`, { x: 'no' });
  expect(bad.status).toBe(422);
  expect(bad.headers.get(REVISION_HEADER)).toBe('linear-new');
  expect(
    (await post(`${old.url}/predict`, BODY, { [FORWARDED_HEADER]: 'linear-x' })).body['prediction'],
  ).toBe(7);
  const inputs = ['x', 'y'].map((name) => ({ name, shape: [1, 1], datatype: 'FP32', data: [1] }));
  const infer = (path: string) => post(`${old.url}/v2/models/linear${path}/infer`, { inputs });
  expect((await infer('')).body.outputs[0]?.data).toEqual([6]);
  expect((await infer('/versions/1')).body.outputs[0]?.data).toEqual([3]);

  const load = new Load({
    url: `${old.url}/predict`,
    body: JSON.stringify(BODY),
    ratePerSecond: 200,
    connections: 'keptAlive',
  });
  await sleep(300);
  stable.child.kill('SIGKILL');
  await stable.ended;
  await sleep(500);
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  expect([...report.revisions.keys()].toSorted()).toEqual(['linear-new', 'linear-old']);
  expect(
    await metric(old.url, 'windlass_forwarded_total{target="stable",outcome="connect"}'),
  ).toBeGreaterThan(0);
}, 30_000);

test.each([
  ['a 500', 500, 'server_error'],
  ['a 429', 429, 'throttled'],
  ['a 404 for an input that this pod accepts', 404, 'rejected'],
  ['a redirect', 302, 'server_error'],
  ['silence', 0, 'timeout'],
  ['a connection that breaks', -1, 'reset'],
])('a stable revision that answers with %s harms no caller', async (_, status, outcome) => {
  const broken: Server = createServer((request, response) => {
    request.resume();
    if (status > 0) response.writeHead(status).end('{}');
    else if (status < 0) request.socket.destroy();
  });
  const port = await listen(broken, 0, '127.0.0.1');
  await using bundle = await Folder.create(linearBundle());
  await using folder = await Folder.create();
  const mount = new TrafficMount(folder);
  await mount.write(3, 'linear-new', `http://127.0.0.1:${port}`);
  const server: TestServer = await startServer(bundle.path, {
    revision: 'linear-old',
    trafficFile: mount.path,
    forwardTimeoutSeconds: 0.3,
  });
  try {
    const answer = await post(`${server.url}/predict`, BODY);
    expect(answer.status).toBe(200);
    expect(answer.body['prediction']).toBe(7);
    expect(answer.headers.get(REVISION_HEADER)).toBe('linear-old');
    expect(await metric(server.url, `windlass_forwarded_total{target="stable",outcome="${outcome}"}`)).toBe(
      1,
    );
  } finally {
    await server.stop();
    broken.closeAllConnections();
    broken.close();
  }
});

test('a traffic file that is broken or vanishes changes nothing', async () => {
  await using bundle = await Folder.create(linearBundle());
  await using folder = await Folder.create();
  const mount = new TrafficMount(folder);
  await mount.write(5, 'linear-a', 'http://127.0.0.1:1');
  const server = await startServer(bundle.path, { revision: 'linear-a', trafficFile: mount.path });
  await folder.write('..data/traffic.json', '{"formatVersion": 9}');
  await sleep(200);
  expect(await metric(server.url, 'windlass_traffic_generation')).toBe(5);
  await mount.write(6, 'linear-a', 'http://127.0.0.1:1');
  await applied(server.url, 6);
  await server.stop();
});

test.each([
  [
    'answers otherwise than recorded',
    linearBundle({ wrongGolden: true }),
    'CheckFailed',
    /golden answer 1 of 1 .*"value"\[0\] is 7, expected 8/,
  ],
  [
    'describes another graph',
    linearBundle({ manifest: { outputs: [{ name: 'z', type: 'float32', shape: [null, 1] }] } }),
    'InvalidManifest',
    /"z" is not in the graph/,
  ],
  ['is not ONNX', new Map([['model.onnx', Buffer.from('not a graph')]]), 'LoadFailed', /cannot load/],
  [
    'is in a folder inside the one that was named',
    new Map([...linearBundle()].map(([name, bytes]) => [`1/${name}`, bytes])),
    'LoadFailed',
    /give a bundle's folder \(1 in it\)/,
  ],
  ['is not there', new Map(), 'LoadFailed', /no model\.json and 0 \.onnx/],
  [
    'lists a file with other bytes',
    new Map([...linearBundle(), ['golden.json', Buffer.from('{}')]]),
    'DigestMismatch',
    /golden\.json has 2 bytes/,
  ],
])('a model that %s ends the server with the cause', async (_, files, reason, message) => {
  await using bundle = await Folder.create(files);
  await using logs = await Folder.create();
  const log = await logs.write(
    'termination-log',
    'an older and longer message than the one that will be written',
  );
  const options = serveOptionsSchema.parse({
    formatVersion: 1,
    model: bundle.path,
    port: 0,
    host: '127.0.0.1',
    terminationMessageFile: log,
  });
  const never = new Promise<never>(() => undefined);
  const code = await runServe(options, { shutdown: { requested: never, hurried: never } });
  expect(code).toBe(1);
  const failure = parseTerminationMessage(await readFile(log, 'utf8'));
  expect(failure).toMatchObject({ reason, message: expect.stringMatching(message) as string });
});

test.each([
  [['serve', '--config', '{'], 64, /--config is not JSON/],
  [['serve', '--help'], 0, /--model PATH/],
  [['dance'], 64, /no command dance/],
])('runtime %j exits with %i', async (args, status, text) => {
  const result = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, ['runtime/main.ts', ...args], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
  expect(result.code).toBe(status);
  expect(result.output).toMatch(text);
});

test('the stable revision serves on where a golden answer differs, and a candidate of it does not', async () => {
  await using bundle = await Folder.create(linearBundle({ wrongGolden: true }));
  await using folder = await Folder.create();
  const traffic = new TrafficMount(folder);
  await traffic.write(1, 'churn-b', 'http://127.0.0.1:9');
  const start = (revision: string) => startServer(bundle.path, { trafficFile: traffic.path, revision });
  const stable = await start('churn-b');
  expect((await post(`${stable.url}/predict`, BODY)).status).toBe(200);
  await stable.stop();
  await expect(start('churn-a')).rejects.toThrow('the server ended with 1');
});
