import { afterEach, beforeEach, expect, test } from 'vitest';
import { artifactSchema } from '#contract/artifact.ts';
import { canonicalJson, sha256 } from '#contract/canonical.ts';
import { FailureError } from '#contract/failure.ts';
import {
  type BundleFiles,
  linearBundle,
  linearModel,
  type LinearBundleOptions,
} from '#test/support/bundle.ts';
import { createS3Store, type S3Store } from '../s3/index.ts';
import { s3Error, TestS3 } from '../s3/test-server.ts';
import { ResolutionCache } from './cache.ts';
import {
  type ModelSource,
  probeModel,
  type Resolution,
  resolutionSchema,
  resolveModel,
  type ResolveRequest,
} from './resolve.ts';

const { signal } = new AbortController();
let server: TestS3;
let s3: S3Store;

beforeEach(async () => {
  server = await TestS3.start();
  s3 = createS3Store({
    connection: { endpoint: server.endpoint },
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    addresses: { allowLoopback: true },
    timing: { attempts: 2, backoffMs: 5, requestTimeoutMs: 500 },
  });
});
afterEach(() => server.stop());

const uri = 's3://models/linear/1/';
function upload(files: BundleFiles, prefix = 'models/linear/1/', versionId?: string): void {
  for (const [path, content] of files) server.put(prefix + path, content, versionId);
}
function resolve(source: Partial<ModelSource> = {}, more: Partial<ResolveRequest> = {}): Promise<Resolution> {
  return resolveModel({ source: { uri, ...source }, s3, signal, ...more });
}
async function refusal(
  source: Partial<ModelSource> = {},
  more: Partial<ResolveRequest> = {},
): Promise<FailureError> {
  const error: unknown = await resolve(source, more).then(
    () => new Error('it resolved'),
    (error: unknown) => error,
  );
  if (!(error instanceof FailureError)) throw error;
  return error;
}
const bytesOf = (files: BundleFiles, path: string) => files.get(path) ?? new Uint8Array();

test('a bundle resolves to its files, its graph and what it says of itself', async () => {
  const files = linearBundle();
  upload(files, undefined, 'v7');
  const { artifact, manifest, graph, marker } = await resolve();
  expect(artifactSchema.parse(artifact)).toEqual(artifact);
  expect(artifact).toMatchObject({ format: 'bundle', uri });
  expect(
    artifact.files.map(({ path, size, sha256: digest, versionId }) => [path, size, digest, versionId]),
  ).toEqual(
    [...files]
      .map(([path, content]) => [path, content.length, sha256(content), 'v7'])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
  expect(artifact.sha256).toBe(sha256(canonicalJson(artifact.files.map((file) => [file.path, file.sha256]))));
  expect(manifest?.name).toBe('linear');
  expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'y']);
  await expect(probeModel({ source: { uri }, s3, signal })).resolves.toBe(marker);
});

test('a resolution survives the line that `runtime resolve` prints', async () => {
  upload(linearBundle());
  const resolution = await resolve();
  expect(resolutionSchema.parse(JSON.parse(JSON.stringify(resolution)))).toEqual(resolution);
});

test('a bare .onnx resolves to its one object', async () => {
  const model = linearModel();
  server.put('models/linear.onnx', model);
  const { artifact, manifest } = await resolve({ uri: 's3://models/linear.onnx' });
  expect(artifact).toMatchObject({
    format: 'onnx',
    sha256: sha256(model),
    size: model.length,
    files: [{ path: 'linear.onnx' }],
  });
  expect(manifest).toBeUndefined();
});

test('a version pins the bytes that it had', async () => {
  server.put('models/linear.onnx', linearModel(2), 'v1');
  server.put('models/linear.onnx', linearModel(3), 'v2');
  const { artifact } = await resolve({ uri: 's3://models/linear.onnx', versionId: 'v1' });
  expect(artifact).toMatchObject({ sha256: sha256(linearModel(2)), files: [{ versionId: 'v1' }] });
  const failure = await refusal({ uri: 's3://models/linear.onnx', versionId: 'v9' });
  expect(failure).toMatchObject({ reason: 'NotFound', message: expect.stringContaining('no such version') });
});

test('spec.model.sha256 takes the digest of the artifact or of model.json, and refuses any other', async () => {
  const files = linearBundle();
  upload(files);
  const { artifact } = await resolve();
  await expect(resolve({ sha256: artifact.sha256 })).resolves.toHaveProperty('artifact', artifact);
  await expect(resolve({ sha256: sha256(bytesOf(files, 'model.json')) })).resolves.toHaveProperty(
    'artifact',
    artifact,
  );
  const failure = await refusal({ sha256: 'f'.repeat(64) });
  expect(failure.reason).toBe('DigestMismatch');
  expect(failure.message).toContain(artifact.sha256);
});

test('more memory than the limit is refused with both numbers', async () => {
  upload(linearBundle({ ballastMiB: 8 }));
  const failure = await refusal({}, { memoryLimitBytes: 100 * 1024 ** 2 });
  expect(failure.reason).toBe('OutOfMemory');
  expect(failure.message).toMatch(
    /needs about 112Mi .*8.0Mi of weights in the file, held twice.*the limit is 100Mi/,
  );
});

type Damage = (files: BundleFiles) => void;
const put =
  (path: string, content: Uint8Array | string): Damage =>
  () =>
    server.put(`models/linear/1/${path}`, content);
const manifest =
  (change: LinearBundleOptions['manifest'] & object): Damage =>
  () => {
    upload(linearBundle({ manifest: change }));
  };

test.each<[string, Damage, string, RegExp]>([
  [
    'model.json that is no JSON',
    put('model.json', '{"name": nope'),
    'InvalidManifest',
    /model.json is not JSON/,
  ],
  ['an empty model.json', put('model.json', ''), 'InvalidManifest', /model.json is empty/],
  [
    'a model.json of 2 MiB',
    put('model.json', Buffer.alloc(2 << 20)),
    'InvalidManifest',
    /has 2Mi; the limit is 1Mi/,
  ],
  ['a wrong field', manifest({ task: 'guessing' }), 'InvalidManifest', /task: .*expected one of/],
  ['an unknown field', manifest({ surprise: 1 }), 'InvalidManifest', /surprise/],
  [
    'a path that leaves the bundle',
    manifest({ files: { '../x': { sha256: 'a'.repeat(64), size: 1 } } }),
    'InvalidManifest',
    /files/,
  ],
  [
    'a listed file that is absent',
    () => server.delete('models/linear/1/golden.json'),
    'InvalidManifest',
    /lists "golden.json", and there is no s3:.*golden.json/,
  ],
  [
    'another size',
    (files) => put('model.onnx', bytesOf(files, 'model.onnx').subarray(0, 40))(files),
    'DigestMismatch',
    /has 40 bytes, and model.json says \d+ .*cut off/,
  ],
  [
    'other bytes of the same size',
    (files) => put('model.onnx', Buffer.alloc(bytesOf(files, 'model.onnx').length, 1))(files),
    'DigestMismatch',
    /model.onnx has the sha256 .* is expected/,
  ],
  [
    'an input that the graph lacks',
    manifest({ inputs: [{ name: 'z', type: 'float32', shape: [null, 1] }] }),
    'InvalidManifest',
    /inputs\[0\] "z" is not among the graph's inputs \("x", "y"\).*needs "x"/,
  ],
  [
    'an input of another type',
    manifest({ inputs: ['x', 'y'].map((name) => ({ name, type: 'int64', shape: [null, 1] })) }),
    'InvalidManifest',
    /inputs\[0\] "x" is int64\[any, 1\], the graph has float32\[any, 1\]/,
  ],
  [
    'an output of another shape',
    manifest({ outputs: [{ name: 'value', type: 'float32', shape: [null, 2] }] }),
    'InvalidManifest',
    /outputs\[0\] "value" is float32\[any, 2\], the graph has float32\[any, 1\]/,
  ],
])('refuses %s', async (_, damage, reason, expected) => {
  const files = linearBundle();
  upload(files);
  damage(files);
  const failure = await refusal();
  expect(failure.message).toMatch(expected);
  expect(failure.reason).toBe(reason);
});

test('golden.json is checked before any pod starts', async () => {
  const golden = Buffer.from('{"formatVersion": 1, "rows": []}');
  const files = linearBundle();
  const listed = { 'model.onnx': digestOf(bytesOf(files, 'model.onnx')), 'golden.json': digestOf(golden) };
  upload(linearBundle({ manifest: { files: listed } }));
  server.put('models/linear/1/golden.json', golden);
  const failure = await refusal();
  expect(failure).toMatchObject({
    reason: 'InvalidManifest',
    message: expect.stringMatching(/golden.json is invalid: rows/),
  });
});
const digestOf = (content: Uint8Array) => ({ sha256: sha256(content), size: content.length });

test.each<[string, string, RegExp]>([
  [
    's3://models/linear/2/',
    'NotFound',
    /There is no object s3:\/\/models\/linear\/2\/model.json. Similar names are there: s3:\/\/models\/linear\/1\//,
  ],
  [
    's3://models/linear/',
    'NotFound',
    /The prefix holds 1\/ but no model.json. Set spec.model.uri to the folder/,
  ],
  [
    's3://models/bare/',
    'NotFound',
    /no model.json. To serve the bare model set spec.model.uri to s3:\/\/models\/bare\/m.onnx/,
  ],
  ['s3://models/bare/m.onnx/', 'NotFound', /m.onnx is an object and not a folder: leave the last slash out/],
  ['s3://models/bare/n.onnx', 'NotFound', /Similar names are there: s3:\/\/models\/bare\/m.onnx/],
  ['s3://models/elsewhere/x/', 'NotFound', /Nothing is below s3:\/\/models\/elsewhere\//],
  ['s3://models/linear/1', 'NotFound', /for a bundle end it with a slash: s3:\/\/models\/linear\/1\//],
  ['https://models/linear/', 'NotFound', /not of the form s3:/],
  ['s3://m/linear/', 'NotFound', /the bucket "m"/],
])('%s is %s with help', async (source, reason, expected) => {
  upload(linearBundle());
  server.put('models/bare/m.onnx', linearModel());
  const failure = await refusal({ uri: source });
  expect(failure.message).toMatch(expected);
  expect(failure.reason).toBe(reason);
});

test('whoever may not list still learns that the object is missing', async () => {
  server.fault = (request, response) => {
    if (!request.url?.includes('list-type')) return false;
    s3Error(response, 403, 'AccessDenied');
    return true;
  };
  const failure = await refusal();
  expect(failure).toMatchObject({
    reason: 'NotFound',
    message: expect.stringContaining('there is no such object'),
  });
});

const gets = () => server.requests.filter(({ method }) => method === 'GET').length;

test('a thousand resolutions of one model at the same time read it once', async () => {
  const files = linearBundle();
  upload(files);
  const cache = new ResolutionCache();
  const all = await Promise.all(Array.from({ length: 1000 }, () => resolve({}, { cache })));
  expect(new Set(all.map(({ artifact }) => artifact.sha256)).size).toBe(1);
  expect(gets()).toBe(files.size);
});

test('a known state costs one small request, a new one is read', async () => {
  upload(linearBundle());
  const cache = new ResolutionCache();
  const { artifact } = await resolve({}, { cache });
  const before = server.requests.length;
  await resolve({}, { cache });
  expect(server.requests.slice(before)).toMatchObject([{ method: 'HEAD' }]);
  upload(linearBundle({ weight: 3, version: '2' }));
  await expect(resolve({}, { cache })).resolves.not.toHaveProperty('artifact.sha256', artifact.sha256);
});

test('what the cache knows is refused to a smaller limit, to another digest and to other credentials', async () => {
  upload(linearBundle());
  const cache = new ResolutionCache();
  await resolve({}, { cache });
  expect((await refusal({}, { cache, memoryLimitBytes: 1024 })).reason).toBe('OutOfMemory');
  expect((await refusal({ sha256: 'f'.repeat(64) }, { cache })).reason).toBe('DigestMismatch');
  const before = gets();
  const other = createS3Store({
    connection: { endpoint: server.endpoint },
    credentials: { accessKeyId: 'other', secretAccessKey: 'x' },
    addresses: { allowLoopback: true },
  });
  await resolve({}, { cache, s3: other });
  expect(gets()).toBeGreaterThan(before);
});

test('one who gives up does not end the reading for the others', async () => {
  upload(linearBundle());
  const cache = new ResolutionCache();
  const controller = new AbortController();
  const impatient = resolve({}, { cache, signal: controller.signal });
  const patient = resolve({}, { cache });
  controller.abort(new Error('gave up'));
  await expect(impatient).rejects.toThrow('gave up');
  await expect(patient).resolves.toHaveProperty('artifact');
});

test('the cache keeps to its bounds', async () => {
  upload(linearBundle());
  upload(linearBundle(), 'models/linear/2/');
  const cache = new ResolutionCache({ maxEntries: 1 });
  for (const version of ['1', '2', '1']) await resolve({ uri: `s3://models/linear/${version}/` }, { cache });
  expect(gets()).toBe(9);
});
