import { relative } from 'node:path';
import { z } from 'zod';

/** What one stage of `make test` came to. A stage that reports nothing counts as one check. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each failed test's file and name, with the first lines of what it said. */
  readonly failures?: readonly string[];
}

const MESSAGE_LINES = 4;

const vitestSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int().default(0),
  success: z.boolean(),
  testResults: z
    .array(
      z.object({
        name: z.string(),
        status: z.string(),
        message: z.string().default(''),
        assertionResults: z.array(
          z.object({
            status: z.string(),
            fullName: z.string(),
            failureMessages: z.array(z.string()).nullish(),
          }),
        ),
      }),
    )
    .default([]),
});

/** Vitest's JSON report. A file that does not load has no tests and fails all the same; so does an unhandled error. */
export function vitestCounts(report: string, exitCode: number): Counts {
  const parsed = vitestSchema.parse(JSON.parse(report));
  const unloaded = parsed.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failures = [
    ...unloaded.map(({ name, message }) => failure(name, 'does not load', message)),
    ...parsed.testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) => failure(name, fullName, failureMessages?.[0] ?? '')),
    ),
  ];
  const counts: Counts = {
    passed: parsed.numPassedTests,
    failed: parsed.numFailedTests + unloaded.length,
    skipped: parsed.numPendingTests + parsed.numTodoTests,
    ...(failures.length > 0 && { failures }),
  };
  const broken = 'no test failed, but the run did: an error that nothing caught, see above';
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1, failures: [broken] } : counts;
}

/** The message without its stack: what failed has to be found from the last screen of a log alone. */
function failure(file: string, test: string, message: string): string {
  const lines = message
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*at /.test(line))
    .slice(0, MESSAGE_LINES);
  return [`${relative(process.cwd(), file)}: ${test}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** pytest's JUnit report: the attributes of its <testsuite>. */
export function junitCounts(report: string, exitCode: number): Counts {
  const suite = /<testsuite [^>]*>/.exec(report)?.[0] ?? '';
  const attribute = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = attribute('failures') + attribute('errors');
  const skipped = attribute('skipped');
  const counts = { passed: attribute('tests') - failed - skipped, failed, skipped };
  return exitCode !== 0 && failed === 0 ? { ...counts, failed: 1 } : counts;
}

export function checkCounts(exitCode: number): Counts {
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
}

export function total(counts: readonly Counts[]): Counts {
  return counts.reduce(
    (sum, each) => ({
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      skipped: sum.skipped + each.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}
