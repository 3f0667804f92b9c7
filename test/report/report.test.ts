import { describe, expect, test } from 'vitest';
import { checkCounts, junitCounts, vitestCounts } from './counts.ts';
import { countStage, stages } from './stages.ts';
import { exitCode, summary } from './summary.ts';

const vitest = (change: object = {}) =>
  JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 1,
    success: true,
    testResults: [],
    ...change,
  });

describe('what a stage came to', () => {
  test('vitest counts its tests', () => {
    expect(vitestCounts(vitest({ numFailedTests: 2 }), 1)).toEqual({ passed: 3, failed: 2, skipped: 1 });
  });
  test('a file that does not load is a failure, though it has no tests', () => {
    const testResults = [
      { name: `${process.cwd()}/a.test.ts`, status: 'failed', message: 'no b.ts', assertionResults: [] },
    ];
    expect(vitestCounts(vitest({ testResults }), 1)).toEqual({
      passed: 3,
      failed: 1,
      skipped: 1,
      failures: ['a.test.ts: does not load\n  no b.ts'],
    });
  });
  test('each failed test comes with what it said, without the stack', () => {
    const assertionResults = [
      { status: 'passed', fullName: 'adds', failureMessages: [] },
      {
        status: 'failed',
        fullName: 'divides',
        failureMessages: ['Error: expected 2\n\nReceived 3\n    at x (/a.ts:1:2)\n    at y'],
      },
    ];
    const testResults = [{ name: `${process.cwd()}/a.test.ts`, status: 'failed', assertionResults }];
    expect(vitestCounts(vitest({ numFailedTests: 1, testResults }), 1).failures).toEqual([
      'a.test.ts: divides\n  Error: expected 2\n  Received 3',
    ]);
  });
  test('a run that ends badly with every test passed is a failure', () => {
    expect(vitestCounts(vitest(), 1).failed).toBe(1);
    expect(junitCounts('<testsuite name="pytest" tests="2">', 3).failed).toBe(1);
  });
  test('pytest counts failures and errors', () => {
    const xml = '<?xml?><testsuites><testsuite name="pytest" errors="1" failures="2" skipped="1" tests="9">';
    expect(junitCounts(xml, 1)).toEqual({ passed: 5, failed: 3, skipped: 1 });
  });
  test('a linter is one check', () => {
    expect(checkCounts(0)).toEqual({ passed: 1, failed: 0, skipped: 0 });
    expect(checkCounts(2)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
  test('a run that wrote no report has failed', () => {
    const unit = stages('/x').find(({ name }) => name === 'unit');
    if (unit === undefined) throw new Error('there is no unit stage');
    expect(countStage(unit, 0, undefined).failed).toBe(1);
  });
});

describe('the summary', () => {
  const outcome = (name: string, passed: number, failed: number, skipped = 0) => ({
    name,
    counts: { passed, failed, skipped },
    seconds: 61.4,
  });
  test('ends with the plain count', () => {
    expect(summary([outcome('unit', 7, 0), outcome('e2e', 2, 1, 4)]).split('\n')).toEqual([
      'unit   7 passed   0 failed               1 min 1 s',
      'e2e    2 passed   1 failed   4 skipped   1 min 1 s',
      '9 passed, 1 failed',
    ]);
  });
  test('begins with what failed, and says when that is not all', () => {
    const failures = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((test) => `x.test.ts: ${test}`);
    const text = summary([
      { name: 'unit', counts: { passed: 0, failed: 7, skipped: 0, failures }, seconds: 1 },
    ]);
    expect(text.split('\n').slice(0, 6)).toEqual([...failures.slice(0, 5), 'and 2 more']);
  });
  test.each([
    ['all passed', [outcome('unit', 1, 0), outcome('e2e', 1, 0)], true, 0],
    ['one failed', [outcome('unit', 1, 1)], false, 1],
    ['no cluster, on a laptop', [outcome('e2e', 0, 0, 9)], false, 0],
    ['no cluster, in CI', [outcome('e2e', 0, 0, 9)], true, 1],
    ['unit tests alone, in CI', [outcome('unit', 1, 0)], true, 0],
  ] as const)('the exit code with %s', (_case, outcomes, required, code) => {
    expect(exitCode(outcomes, required)).toBe(code);
  });
});
