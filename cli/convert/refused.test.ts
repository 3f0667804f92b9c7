import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { CliError } from '../exit.ts';
import { ONNX, run, service } from './testing.ts';

describe('refused, with the way forward', () => {
  test.each([
    [
      'sklearn',
      service({ model: { ...ONNX, modelFormat: { name: 'sklearn' } } }),
      /format is sklearn.*skl2onnx/,
    ],
    [
      'pytorch, as it was spelled',
      service({ pytorch: { storageUri: 's3://models/x' } }),
      /torch\.onnx\.export/,
    ],
    [
      'a format that nobody knows',
      service({ model: { ...ONNX, modelFormat: { name: 'acme' } } }),
      /format is acme.*kubectl windlass push/,
    ],
    ['a container', service({ containers: [{ image: 'x' }] }), /a container of its own/],
    ['no model', service({ minReplicas: 1 }), /names no model/],
    [
      'another store',
      service({ model: { ...ONNX, storageUri: 'pvc://models/churn' } }),
      /at pvc:.*copy it into a bucket/,
    ],
    [
      'no place',
      service({ model: { modelFormat: { name: 'onnx' } } }),
      /neither storageUri nor storage\.path/,
    ],
    [
      'a path without a bucket',
      service({ model: { modelFormat: { name: 'onnx' }, storage: { path: 'x' } } }),
      /--bucket/,
    ],
    [
      'another version',
      service({ model: ONNX }).replace('v1beta1', 'v1alpha2'),
      /apiVersion is serving\.kserve\.io\/v1alpha2/,
    ],
    [
      'a number as a URI',
      service({ model: { ...ONNX, storageUri: 7 } }),
      /spec\.predictor\.model\.storageUri/,
    ],
    [
      'a URI that S3 has not',
      service({ model: { ...ONNX, storageUri: 's3://Models/a.onnx' } }),
      /no valid ModelDeployment: spec\.model\.uri: s3:\/\/Models\/a\.onnx must be .*a bucket of 3 to 63 lower-case letters/,
    ],
    [
      'a request above its limit',
      service({ model: { ...ONNX, resources: { requests: { cpu: 4 }, limits: { cpu: '2000m' } } } }),
      /the request of cpu is 4, above its limit of 2000m: raise the limit or lower the request/,
    ],
  ])('%s', async (_, text, message) => {
    const { code, out, err } = await run(text);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^standard input:1: InferenceService churn is not converted: /);
    expect(err).toMatch(message);
  });
});

test('one that is refused leaves the others of a file, which is read from the disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-convert-'));
  try {
    const file = join(folder, 'services.yaml');
    const graph = {
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'InferenceGraph',
      metadata: { name: 'g' },
    };
    const parts = [service({ sklearn: {} }), service({ model: ONNX }, {}, { name: 'b' }), stringify(graph)];
    await writeFile(
      file,
      `${parts.join('---\n')}---\n${service({ model: ONNX }, {}, { name: '2nd_Model' })}`,
    );
    const { code, err, deployments, out } = await run('', { filename: file });
    expect(deployments.map(({ metadata: { name } }) => name)).toEqual(['b', 'nd-model']);
    expect(out.match(/^---$/gm)).toHaveLength(1);
    expect(err).toContain(`${file}:1: InferenceService churn is not converted`);
    expect(err).toMatch(/InferenceGraph g: not converted: it has no counterpart here/);
    expect(err).toMatch(/not converted: metadata\.name: .*nd-model now/);
    expect(code).toBe(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  ['no YAML', 'a: [', /standard input is no manifest/],
  ['no object', '- 1', /line 1: there is no object with apiVersion and kind/],
  ['nothing', '', /has no InferenceService, but nothing at all/],
  ['another kind', 'apiVersion: v1\nkind: ConfigMap', /has no InferenceService, but ConfigMap/],
])('%s is wrong usage', async (_, text, message) => {
  const failed = run(text);
  await expect(failed).rejects.toThrow(CliError);
  await expect(failed).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(message) as string,
  });
});
