import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from './crds.ts';
import type { CelRule } from './schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** The rules of a field of ModelDeployments, whose regular expressions JavaScript reads as CEL does. */
function rulesOf(...path: readonly string[]): readonly CelRule[] {
  const { spec } =
    customResourceDefinitions().find((each) => each.spec.names['kind'] === 'ModelDeployment') ?? {};
  let schema: StructuralSchema | undefined = spec?.versions[0]?.schema.openAPIV3Schema;
  for (const step of path) schema = schema?.properties?.[step] ?? schema?.additionalProperties;
  return schema?.['x-kubernetes-validations'] ?? [];
}

function accepts(rules: readonly CelRule[], value: string): boolean {
  return rules.every(({ rule }) => {
    const [, not, pattern = '(?!)'] = /(!?)\w+\.matches\(r'(.*)'\)/.exec(rule) ?? [];
    return new RegExp(pattern).test(value) !== (not === '!');
  });
}

describe('a URI', () => {
  const rules = rulesOf('spec', 'model', 'uri');
  it.each([
    's3://models/a/',
    's3://models/a.b/..c/.../m.onnx',
    's3://models/m.onnx',
    'models:/BankChurn/3',
    'models:/Bank Churn (EU)@champion',
  ])('may be %s', (uri) => {
    expect(accepts(rules, uri)).toBe(true);
  });
  it.each([
    's3://models//',
    'models:/BankChurn',
    'models:/BankChurn/v2',
    'models:/BankChurn/0',
    'models:/BankChurn/latest',
    'models:/BankChurn/Production',
    'models:/BankChurn@',
    'models:/BankChurn@a/b',
    'models:/a/b/1',
    'models:/ BankChurn/1',
    'models://BankChurn/1',
    'models:/Bank%20Churn/1',
    'models:/m-0123456789abcdef0123456789abcdef',
    's3://models//a/',
    's3://models/a//',
    's3://models/a//m.onnx',
    's3://models/../m.onnx',
    's3://models/a/../b/',
    's3://models/a/..//',
    's3://models/./m.onnx',
    's3://models/a/./',
  ])('may not be %s', (uri) => {
    expect(accepts(rules, uri)).toBe(false);
  });
});

describe('an image', () => {
  const rules = rulesOf('spec', 'serving', 'image');
  it.each([
    'runtime',
    'windlass-runtime:0.1.0',
    'localhost:5000/windlass__runtime/a.b:dev_1',
    'registry.example.com/windlass/runtime:v1@sha256:0123456789abcdef0123456789abcdef',
    '[fd00::1]:5000/runtime',
  ])('may be %s', (image) => expect(accepts(rules, image)).toBe(true));
  it.each([
    'bad image!',
    'Runtime',
    'runtime:',
    'a//b',
    '/a',
    'a/',
    'a:b:c',
    'https://a/b',
    'a@sha256',
    'a\n',
  ])('may not be %j', (image) => expect(accepts(rules, image)).toBe(false));
});

describe('a label', () => {
  const labels = ['spec', 'serving', 'pod', 'labels'];
  const keys = rulesOf(...labels).filter(({ rule }) => rule.includes('matches'));
  const values = rulesOf(...labels, 'value');
  it.each(['team', 'example.com/team', 'A_b.c-1'])('may have the key %s', (key) => {
    expect(accepts(keys, key)).toBe(true);
  });
  it.each(['a b', '-a', 'a/', '/a', 'a/b/c', 'Ex.com/a', '', 'a'.repeat(64)])(
    'may not have the key %j',
    (key) => {
      expect(accepts(keys, key)).toBe(false);
    },
  );
  it.each(['', 'x', 'A_b.c-1'])('may have the value %j', (value) => {
    expect(accepts(values, value)).toBe(true);
  });
  it.each(['a b', '-a', 'a/b', 'ü'])('may not have the value %j', (value) => {
    expect(accepts(values, value)).toBe(false);
  });
});
