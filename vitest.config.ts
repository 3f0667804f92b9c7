import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const sources = [
  'operator',
  'runtime',
  'contract',
  'artifact',
  'cli',
  'bench',
  'test/cluster',
  'test/demo',
  'test/faulty',
  'test/fuzz',
  'test/portfolio',
  'test/report',
  'test/support',
  'charts',
  'monitoring',
  'deploy',
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: sources.map((folder) => `${folder}/**/*.test.ts`),
          testTimeout: 20_000,
          // Files share what they import, which halves the time; none leaves anything behind for the next one.
          isolate: false,
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/global-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
