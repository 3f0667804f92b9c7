import { describe, expect, it } from 'vitest';
import { errorFromStatus, errorKind, retryAfterMs } from './errors.ts';

describe('errorKind', () => {
  it.each([
    [409, 'AlreadyExists', 'alreadyExists'],
    [409, 'Conflict', 'conflict'],
    [409, undefined, 'conflict'],
    [404, 'NotFound', 'notFound'],
    [410, 'Expired', 'gone'],
    [410, undefined, 'gone'],
    [403, 'Forbidden', 'forbidden'],
    [401, 'Unauthorized', 'transient'],
    [422, 'Invalid', 'invalid'],
    [400, 'BadRequest', 'invalid'],
    [429, undefined, 'transient'],
    [500, 'InternalError', 'transient'],
    [503, undefined, 'transient'],
    [504, 'Timeout', 'transient'],
    [599, 'SomethingNew', 'transient'],
    [405, 'MethodNotAllowed', 'terminal'],
    [418, undefined, 'terminal'],
  ] as const)('takes %i %s for %s', (status, reason, kind) => {
    expect(errorKind(status, reason)).toBe(kind);
  });
});

describe('errorFromStatus', () => {
  it('says what was tried and what the server said, and keeps its details', () => {
    const details = { name: 'a', retryAfterSeconds: 3 };
    const error = errorFromStatus('create services churn/a', 409, {
      reason: 'Conflict',
      message: 'changed',
      details,
    });
    expect(error).toMatchObject({
      kind: 'conflict',
      status: 409,
      reason: 'Conflict',
      retryAfterMs: 3000,
      details,
    });
    expect(error.message).toBe('create services churn/a: changed');
  });

  it('makes do with a status alone', () => {
    expect(errorFromStatus('list pods', 502, undefined).message).toBe('list pods: HTTP 502');
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    ['2', 2000],
    ['0', 0],
    ['-1', undefined],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s as %s ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});
