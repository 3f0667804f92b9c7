import { expect, test } from 'vitest';
import { parseAnswers } from './answers.ts';
import type { FuzzCase } from './case.ts';
import { fault } from './judge.ts';
import { growth } from './memory.ts';
import type { Outcome } from './wire.ts';

const CASE: FuzzCase = {
  model: 'leavers',
  pieces: [],
  apart: false,
  requests: [{ method: 'POST', path: '/predict' }],
  ending: 'wait',
};

function answered(status: number, body: string, end: Outcome['end'] = 'answered', type = 'application/json') {
  const text = `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  return { parsed: parseAnswers(Buffer.from(text), new Set(), true), end, milliseconds: 1 };
}

const ERROR = '{"error":"what","code":"InvalidInput","details":[{"path":"Age","message":"why"}]}';

test.each([
  [200, '{"probability":0.5}', undefined],
  [422, ERROR, undefined],
  [503, '{"error":"later","code":"ModelUnavailable","details":[]}', undefined],
  [500, ERROR, 'status 500 of POST /predict'],
  [302, '{}', 'status 302 of POST /predict'],
  [422, '{"error":"what","code":"InvalidInput","details":[]}', 'names no field'],
  [422, '{"detail":"what"}', 'has not the shape windlass'],
  [400, '<html>', 'the answer 400 of POST /predict is not JSON'],
  [400, '{"error":"at f (/app/x.ts:1)","code":"InvalidJson","details":[]}', "tells of the server's insides"],
])('an answer %i %s is judged', (status, body, expected) => {
  const found = fault(CASE, answered(status, body), 'windlass');
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(expected);
});

test('an inference with fewer elements than its shape says is a fault', () => {
  const body = (data: number[]) =>
    JSON.stringify({ model_name: 'm', model_version: '1', outputs: [{ name: 'y', shape: [2, 1], data }] });
  expect(fault(CASE, answered(200, body([1, 2])), 'windlass')).toBeUndefined();
  expect(fault(CASE, answered(200, body([1])), 'windlass')).toContain('another size than its shape');
});

test.each([
  ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc', 'the body of an answer is cut off'],
  ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 'content-length comes twice'],
  ['HTTP/1.1 200 OK\r\n\r\n', "an answer's length is missing"],
  ['nonsense\r\n\r\n', 'this is no status line'],
  ['HTTP/1.1 200 OK\r\na b: c\r\n\r\n', 'this is no header'],
  ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'this is no chunk'],
])('bytes that are no answer are a fault: %j', (text, problem) => {
  const outcome = {
    parsed: parseAnswers(Buffer.from(text), new Set(), true),
    end: 'closed',
    milliseconds: 1,
  } as const;
  expect(fault(CASE, outcome, 'windlass')).toContain(problem);
});

test('silence, a server that is gone and a missing answer are faults', () => {
  const none = { parsed: parseAnswers(Buffer.alloc(0), new Set(), false), milliseconds: 1 };
  expect(fault(CASE, { ...none, end: 'silent' }, 'windlass')).toBe('there is no answer');
  expect(fault(CASE, { ...none, end: 'refused' }, 'windlass')).toBe('the server takes no connection');
  expect(fault(CASE, { ...none, end: 'closed' }, 'windlass')).toBe('request 1 of 1 has no answer');
});

test('memory that keeps growing is a fault, and memory that wobbles is not', () => {
  const readings = (mebibytes: (i: number) => number) =>
    Array.from({ length: 60 }, (_, i) => ({ seconds: i * 60, mebibytes: mebibytes(i) }));
  expect(growth(readings((i) => 150 + (i % 7) * 5))).toBeUndefined();
  expect(growth(readings((i) => 150 + i * 3))).toMatch(
    /^memory grew from \d+ to \d+ MiB \(180 MiB an hour\)$/,
  );
});
