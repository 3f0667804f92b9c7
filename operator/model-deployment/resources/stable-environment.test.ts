import { describe, expect, it } from 'vitest';
import type { Artifact } from '#contract/artifact.ts';
import { stableEnvironment } from './stable-environment.ts';

const DIGEST = 'a'.repeat(64);
const file = (path: string, versionId?: string) => ({
  path,
  size: 1,
  sha256: path === 'model.json' ? DIGEST : 'b'.repeat(64),
  ...(versionId === undefined ? {} : { versionId }),
});
const BUNDLE: Artifact = {
  format: 'bundle',
  uri: 's3://models/churn/current/',
  sha256: 'c'.repeat(64),
  size: 2,
  files: [file('model.json', 'v1'), file('model.onnx', 'v2')],
};

function variables(artifact: Artifact | undefined): Readonly<Record<string, string | undefined>> {
  const stable = { revision: 'churn-1', version: '3', artifact };
  return Object.fromEntries(stableEnvironment(stable).map(({ name, value }) => [name, value]));
}

describe('what a training program is told of the stable revision', () => {
  it('is the prefix, the digest of its model.json, and the S3 versions of its files', () => {
    expect(variables(BUNDLE)).toEqual({
      WINDLASS_STABLE_REVISION: 'churn-1',
      WINDLASS_STABLE_VERSION: '3',
      WINDLASS_STABLE_URI: 's3://models/churn/current/',
      WINDLASS_STABLE_MANIFEST_SHA256: DIGEST,
      WINDLASS_STABLE_VERSION_IDS: '{"model.json":"v1","model.onnx":"v2"}',
    });
  });

  it('is the registry’s version, which an alias that moves on does not change', () => {
    const registered = {
      ...BUNDLE,
      uri: 's3://mlflow/1/artifacts/bundle/',
      registry: { name: 'BankChurn', version: '4' },
    };
    expect(variables(registered)).toMatchObject({
      WINDLASS_STABLE_URI: 'models:/BankChurn/4',
      WINDLASS_STABLE_MANIFEST_SHA256: DIGEST,
      WINDLASS_STABLE_VERSION_IDS: '',
    });
  });

  it('has no digest for a graph alone, which cannot be compared with', () => {
    const bare: Artifact = {
      ...BUNDLE,
      format: 'onnx',
      uri: 's3://models/churn.onnx',
      files: [file('churn.onnx', 'v1')],
    };
    expect(variables(bare)).toMatchObject({
      WINDLASS_STABLE_URI: 's3://models/churn.onnx',
      WINDLASS_STABLE_MANIFEST_SHA256: '',
    });
  });

  it('is empty where nothing serves, and names the revision alone where its record was deleted', () => {
    expect(stableEnvironment(undefined).map(({ value }) => value)).toEqual(['', '', '', '', '']);
    expect(variables(undefined)).toMatchObject({
      WINDLASS_STABLE_REVISION: 'churn-1',
      WINDLASS_STABLE_URI: '',
    });
  });

  it('leaves S3 versions out that no variable has room for', () => {
    const files = Array.from({ length: 256 }, (_, i) => file(`${i}/${'x'.repeat(500)}`, 'v'.repeat(36)));
    expect(variables({ ...BUNDLE, files })['WINDLASS_STABLE_VERSION_IDS']).toBe('');
  });
});
