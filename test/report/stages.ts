import { join } from 'node:path';
import { checkCounts, junitCounts, vitestCounts } from './counts.ts';
import type { Counts } from './counts.ts';

/** One step of `make test`: the commands that it runs in turn, and how their outcome is counted. */
export interface Stage {
  readonly name: string;
  readonly what: string;
  readonly commands: readonly (readonly string[])[];
  readonly report?: {
    readonly file: string;
    readonly count: (content: string, exitCode: number) => Counts;
  };
}

const PYTHON = 'training/.venv/bin/python';

/** Every stage, in the order of `make test`: what fails soonest comes first. Reports are written to `folder`. */
export function stages(folder: string): readonly Stage[] {
  return [
    {
      name: 'lint',
      what: 'linters and formatters',
      commands: [
        ['npm', 'run', '--silent', 'lint'],
        [PYTHON, '-m', 'ruff', 'check', '--quiet', 'training'],
        [PYTHON, '-m', 'ruff', 'format', '--check', '--quiet', 'training'],
      ],
    },
    {
      name: 'types',
      what: 'type checkers',
      commands: [
        ['npm', 'run', '--silent', 'types'],
        [
          PYTHON,
          '-m',
          'mypy',
          '--config-file',
          'training/pyproject.toml',
          'training/windlass_training',
          'training/tests',
        ],
      ],
    },
    vitest('unit', 'unit tests', folder),
    {
      name: 'training',
      what: 'tests of the training code',
      commands: [[PYTHON, '-m', 'pytest', 'training', '-q', `--junitxml=${join(folder, 'training.xml')}`]],
      report: { file: join(folder, 'training.xml'), count: junitCounts },
    },
    vitest('integration', 'integration tests: a real API server, etcd and S3', folder),
    vitest('e2e', 'end-to-end tests: a whole cluster', folder),
  ];
}

function vitest(name: string, what: string, folder: string): Stage {
  const file = join(folder, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  return {
    name,
    what,
    commands: [['vitest', 'run', '--project', name, ...reporters]],
    report: { file, count: vitestCounts },
  };
}

/** The counts of a stage that has run; a report that was never written means that the run itself broke. */
export function countStage(stage: Stage, exitCode: number, report: string | undefined): Counts {
  if (stage.report === undefined) return checkCounts(exitCode);
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return stage.report.count(report, exitCode);
}
