import { describe, expect, it } from 'vitest';
import { durationMs, durationSchema, nameReferenceSchema } from './schema.ts';

describe('a duration', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2h0m1s', 7_201_000],
  ])('%s is %d ms', (text, ms) => {
    expect(durationSchema.parse(text)).toBe(text);
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', '5', '5 m', '30m1h', '1d', '-5m', '1.5h', 'm'])('is not %j', (text) => {
    expect(durationSchema.safeParse(text).success).toBe(false);
  });
});

describe('a name of another object', () => {
  it.each(['models', 'a.b-c', '1'])('may be %s', (name) => {
    expect(nameReferenceSchema.safeParse(name).success).toBe(true);
  });
  it.each(['', 'A', 'a_b', '-a', 'a-', 'a/b', 'a'.repeat(254)])('may not be %j', (name) => {
    expect(nameReferenceSchema.safeParse(name).success).toBe(false);
  });
});
