import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { modelInputSchema } from '#contract/model-manifest.ts';
import { proxyAnswer } from './answer.ts';
import { readBody } from './body.ts';
import { exampleRow } from './example.ts';

function input(change: Partial<z.input<typeof modelInputSchema>>) {
  return modelInputSchema.parse({ name: 'x', type: 'float32', shape: [null, 1], ...change });
}

describe('an example value suits its input', () => {
  test.each([
    ['its default', { default: 650, range: { min: 300, max: 850 } }, 650],
    ['the first allowed text', { type: 'string', values: ['France', 'Spain'] }, 'France'],
    ['the middle of a range', { range: { min: 0, max: 1 } }, 0.5],
    ['a whole number of a range', { integer: true, range: { min: 18, max: 101 } }, 59],
    ['an integer tensor', { type: 'int64', range: { min: 0, max: 3 } }, 1],
    ['the bound of a half-open range', { range: { min: 7 } }, 7],
    ['zero', {}, 0],
    ['an empty text', { type: 'string' }, ''],
    ['a truth value', { type: 'bool' }, false],
    ['a vector', { shape: [null, 3] }, [0, 0, 0]],
    ['a matrix of a free size', { shape: [null, 2, null] }, [[0], [0]]],
    ['a tensor without a batch', { shape: [2] }, [0, 0]],
  ] as const)('%s', (_case, change, value) => {
    expect(exampleRow([input(change as Partial<z.input<typeof modelInputSchema>>)])).toEqual({ x: value });
  });
});

describe('-d takes JSON, a file or standard input', () => {
  const stdin = (text: string) => Readable.from([text]);
  test('JSON as it stands', async () => {
    expect(await readBody('{"Age": 42}', stdin(''))).toEqual({ Age: 42 });
  });
  test('standard input', async () => {
    expect(await readBody('-', stdin('[1]'))).toEqual([1]);
  });
  test('what is not JSON is a usage error that names where it came from', async () => {
    await expect(readBody('{Age: 42}', stdin(''))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('the value of -d is not JSON') as string,
    });
    await expect(readBody('@/no/such/file', stdin(''))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('/no/such/file') as string,
    });
  });
});

describe('an answer through the proxy is the model’s or the API server’s own', () => {
  const answer = (status: number, body: string, headers = {}) =>
    proxyAnswer({ status, headers, body: Buffer.from(body) });
  test('a prediction names its revision', () => {
    expect(answer(200, '{"p": 0.5}', { 'x-windlass-revision': 'bankchurn-1' })).toEqual({
      from: 'model',
      status: 200,
      revision: 'bankchurn-1',
      body: { p: 0.5 },
    });
  });
  test('a refusal by the model is the model’s', () => {
    expect(answer(422, '{"detail": "Age"}')).toMatchObject({ from: 'model', status: 422 });
    expect(answer(502, 'Bad gateway')).toMatchObject({ from: 'model', body: 'Bad gateway' });
  });
  test('a Status object is the API server’s', () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      reason: 'ServiceUnavailable',
      message: 'no endpoints',
    };
    expect(answer(503, JSON.stringify(status))).toEqual({
      from: 'apiserver',
      status: 503,
      reason: 'ServiceUnavailable',
      message: 'no endpoints',
    });
  });
});
