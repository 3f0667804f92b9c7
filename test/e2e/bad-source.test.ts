import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Namespace } from '#test/bed/namespace.ts';
import type { SpecInput, TestDeployment } from '#test/bed/model-deployment.ts';
import { linearBundle, linearModel } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';
import { S3Proxy } from '#test/support/s3-proxy.ts';
import { describeOnCluster, expectCandidateRefused } from './support.ts';

/**
 * Every bad source is told in Ready, with what, where and what to do; and the revision that served before serves on.
 * One ModelDeployment takes all of them, one after another.
 */
describeOnCluster('bad-source', (space) => {
  let namespace: Namespace;
  let served: TestDeployment;
  let goodUri: string;
  let revision: string | null;

  beforeAll(async () => {
    namespace = space();
    goodUri = await namespace.store.putBundle(`${namespace.name}/good/`, linearBundle());
    served = namespace.deployment('served');
    await served.apply({ model: { uri: goodUri } });
    await served.ready();
    const answer = await served.answer({ x: 3, y: 1 });
    expect(answer).toMatchObject({ status: 200, body: { prediction: 7 } });
    revision = answer.revision;
  });

  const expectRefused = (spec: SpecInput, reason: string, ...message: readonly RegExp[]): Promise<void> =>
    expectCandidateRefused({ served, revision }, spec, reason, ...message);

  async function bare(name: string, bytes: Uint8Array): Promise<SpecInput> {
    const key = `${namespace.name}/${name}.onnx`;
    await namespace.store.put(key, bytes);
    return { model: { uri: namespace.store.uri(key) } };
  }

  async function bundle(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<SpecInput> {
    return { model: { uri: await namespace.store.putBundle(`${namespace.name}/${name}/`, files) } };
  }

  describe('where the model is not', () => {
    test('no such bucket', () =>
      expectRefused({ model: { uri: 's3://no-such-bucket-here/m/' } }, 'NotFound', /no-such-bucket-here/));
    test('no such object', async () => {
      const uri = namespace.store.uri(`${namespace.name}/absent.onnx`);
      await expectRefused({ model: { uri } }, 'NotFound', /absent\.onnx/);
    });
    test('a prefix without model.json', async () => {
      await namespace.store.put(`${namespace.name}/plain/readme.txt`, 'nothing');
      await expectRefused(
        { model: { uri: namespace.store.uri(`${namespace.name}/plain/`) } },
        'NotFound',
        /model\.json/,
      );
    });
    test('no such version', async () => {
      const { model } = await bare('versioned', linearModel());
      await expectRefused(
        { model: { ...model, versionId: '3f1c6a52-0000-0000-0000-000000000000' } },
        'NotFound',
        /version/i,
        /3f1c6a52/,
      );
    });
  });

  describe('who may not read it', () => {
    test('no such Secret', () =>
      expectRefused(
        { model: { uri: goodUri, credentials: { secretName: 'nobody' } } },
        'AccessDenied',
        /nobody/,
        /Secret/,
      ));
    test('a Secret without keys', async () => {
      await namespace.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'empty', namespace: namespace.name },
        stringData: { other: 'thing' },
      });
      await expectRefused(
        { model: { uri: goodUri, credentials: { secretName: 'empty' } } },
        'AccessDenied',
        /empty/,
        /AWS_ACCESS_KEY_ID/,
      );
    });
    test('wrong keys', async () => {
      await namespace.credentials('wrong', {
        ...namespace.store.connection,
        secretKey: 'not-the-key-at-all',
      });
      await expectRefused(
        { model: { uri: goodUri, credentials: { secretName: 'wrong' } } },
        'AccessDenied',
        /signature/i,
      );
    });
    test.each([
      ['loopback', 'http://127.0.0.1:9000'],
      ['link-local', 'http://169.254.169.254'],
      ['the API server', 'https://kubernetes.default.svc'],
    ])('an endpoint on %s', async (_, endpoint) => {
      const name = `endpoint-${new URL(endpoint).hostname.replaceAll('.', '-')}`;
      await namespace.credentials(name, { ...namespace.store.connection, endpoint });
      await expectRefused(
        { model: { uri: goodUri, credentials: { secretName: name } } },
        'AccessDenied',
        new RegExp(new URL(endpoint).hostname.replaceAll('.', String.raw`\.`)),
      );
    });
  });

  describe('a store that fails', () => {
    let proxy: S3Proxy;
    beforeAll(async () => {
      const { hostname, port } = new URL(namespace.store.connection.endpoint);
      proxy = await S3Proxy.start({ host: hostname, port: Number(port) });
      await namespace.credentials('proxied', { ...namespace.store.connection, endpoint: proxy.endpoint });
    });
    afterAll(() => proxy.stop());

    const proxied = async (name: string): Promise<SpecInput> => {
      const { model } = await bundle(name, linearBundle({ version: name, weight: 2 }));
      return { model: { ...model, credentials: { secretName: 'proxied' } } };
    };

    test('a store that is down is told, and read once it is back', async () => {
      proxy.setFault({ kind: 'refuse' });
      await served.apply(await proxied('down'));
      const told = await served.notReady('SourceUnavailable');
      expect(told).toMatch(/connect|refused|reset/i);
      expect(await served.predict({ x: 3, y: 1 })).toMatchObject({ status: 200, revision });
      proxy.setFault({ kind: 'pass' });
      await served.ready();
      expect((await served.get()).status?.modelVersion).toBe('down');
      revision = (await served.answer({ x: 3, y: 1 })).revision;
    });
    test('a store that throttles requests is told, and read once it lets us', async () => {
      proxy.setFault({ kind: 'slowDown' });
      await served.apply(await proxied('throttled'));
      expect(await served.notReady('SourceUnavailable')).toMatch(/SlowDown|503|too many/i);
      expect(await served.predict({ x: 3, y: 1 })).toMatchObject({ status: 200, revision });
      proxy.setFault({ kind: 'pass' });
      await served.ready();
      revision = (await served.answer({ x: 3, y: 1 })).revision;
    });
    test('a store that cuts every answer in the middle is read in pieces', async () => {
      const spec = await bundle('cut', linearBundle({ version: 'cut', ballastMiB: 8 }));
      proxy.setFault({ kind: 'cut', bytes: 3_000_000 });
      await served.apply({ model: { ...spec.model, credentials: { secretName: 'proxied' } } });
      await served.ready();
      expect(proxy.cuts).toBeGreaterThan(2);
      revision = (await served.answer({ x: 3, y: 1 })).revision;
    });
    test('a slow store is only slow', async () => {
      proxy.setFault({ kind: 'throttle', bytesPerSecond: 4000 });
      await served.apply(await proxied('slow'));
      await served.ready();
      expect((await served.get()).status?.modelVersion).toBe('slow');
      proxy.setFault({ kind: 'pass' });
      revision = (await served.answer({ x: 3, y: 1 })).revision;
    });
  });

  describe('bytes that are not what they should be', () => {
    test('another digest than the one asked for', () =>
      expectRefused({ model: { uri: goodUri, sha256: 'a'.repeat(64) } }, 'DigestMismatch', /aaaaaaaa/));
    test('a file that is not the one that model.json lists', async () => {
      const files = new Map(linearBundle());
      files.set('model.onnx', linearModel(9));
      await expectRefused(await bundle('other-bytes', files), 'DigestMismatch', /model\.onnx/);
    });
    test('an empty file', async () =>
      expectRefused(await bare('empty', new Uint8Array()), 'UnsafeModel', /empty/i));
    test('a file that is no ONNX', async () =>
      expectRefused(await bare('text', Buffer.from('<html>not a model</html>')), 'UnsafeModel', /ONNX/));
    test('a truncated file', async () =>
      expectRefused(await bare('truncated', linearModel().subarray(0, 90)), 'UnsafeModel', /trunc|ends/i));
  });

  describe('graphs that mean harm, or cannot run', () => {
    const tensor = (name: string) => ({ name, type: 'float32' as const, shape: ['N', 1] });
    const graph = { inputs: [tensor('x')], outputs: [tensor('y')] };
    const identity = { op: 'Identity', inputs: ['x'], outputs: ['y'] };

    test('a billion declared elements', async () => {
      const bytes = onnxModel({
        ...graph,
        nodes: [identity],
        initializers: [{ name: 'big', type: 'float32', dims: [1_000_000_000, 1000] }],
      });
      await expectRefused(await bare('billion', bytes), 'UnsafeModel', /big/);
    });
    test('nested 10,000 deep', async () => {
      // A graph in an attribute (6) of a node (5 is its attribute, 1 the graph's node), 10,000 messages deep; 7 is the model's graph.
      let bytes = new Uint8Array();
      for (let depth = 0; depth < 3333; depth += 1) {
        for (const field of [6, 5, 1]) bytes = wrap(field, bytes);
      }
      await expectRefused(await bare('nested', wrap(7, bytes)), 'UnsafeModel', /nest|deep/i);
    });
    test.each([
      ['outside the folder', '../../etc/passwd'],
      ['at an absolute path', '/etc/passwd'],
    ])('external data %s', async (_, location) => {
      const bytes = onnxModel({
        ...graph,
        nodes: [identity],
        initializers: [
          { name: 'w', type: 'float32', dims: [4], external: { location, offset: '0', length: '16' } },
        ],
      });
      await expectRefused(
        await bare(`external-${location.length}`, bytes),
        'UnsafeModel',
        /external/i,
        /passwd/,
      );
    });
    test('an unknown operator domain', async () => {
      const nodes = [{ ...identity, domain: 'com.example.custom' }];
      const bytes = onnxModel({ ...graph, nodes, domains: { 'com.example.custom': 1 } });
      await expectRefused(await bare('domain', bytes), 'UnsafeModel', /com\.example\.custom/);
    });
    test('an opset that the runtime lacks', async () =>
      expectRefused(
        await bare('opset', onnxModel({ ...graph, nodes: [identity], opset: 99 })),
        'UnsafeModel',
        /99/,
      ));
    test('an output of sequence type, with the fix for ZipMap', async () => {
      const bytes = onnxModel({
        inputs: [tensor('x')],
        outputs: [{ name: 'y', type: 'float32', shape: [], container: 'sequence-of-maps' }],
        nodes: [{ op: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'] }],
        domains: { 'ai.onnx.ml': 3 },
      });
      await expectRefused(await bare('zipmap', bytes), 'UnsafeModel', /zipmap/i);
    });
  });

  describe('a model.json that cannot be used', () => {
    const encode = (text: string) => new Map([...linearBundle(), ['model.json', Buffer.from(text)]]);
    test('no JSON', async () =>
      expectRefused(await bundle('no-json', encode('{')), 'InvalidManifest', /model\.json/, /JSON/));
    test('a field of the wrong type', async () =>
      expectRefused(
        await bundle('wrong-field', linearBundle({ manifest: { task: 'clairvoyance' } })),
        'InvalidManifest',
        /task/,
      ));
    test('a file that is not there', async () => {
      const files = new Map(linearBundle());
      files.delete('golden.json');
      await expectRefused(await bundle('absent-file', files), 'InvalidManifest', /golden\.json/);
    });
    test('100 MB', async () =>
      expectRefused(
        await bundle('huge', encode(`{"a":"${'x'.repeat(100_000_000)}"}`)),
        'InvalidManifest',
        /limit is 1 ?Mi/,
      ));
    test('inputs that the graph does not have', async () => {
      const inputs = [{ name: 'z', type: 'float32', shape: [null, 1] }];
      await expectRefused(
        await bundle('inputs', linearBundle({ manifest: { inputs } })),
        'InvalidManifest',
        /z/,
      );
    });
    test('a schema that clients of the stable revision would trip over', async () => {
      await expectRefused(
        await bare(
          'other-schema',
          onnxModel({
            inputs: [tensorOf('q')],
            outputs: [tensorOf('value')],
            nodes: [{ op: 'Identity', inputs: ['q'], outputs: ['value'] }],
          }),
        ),
        'SchemaIncompatible',
        /x/,
        /allowBreakingSchema/,
      );
    });
    const tensorOf = (name: string) => ({ name, type: 'float32' as const, shape: ['N', 1] });
  });
});

/** The bytes as a protobuf message in a field. */
function wrap(field: number, inner: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let rest = inner.byteLength; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Uint8Array.from([(field << 3) | 2, ...length, ...inner]);
}
