import { describe, expect, test } from 'vitest';
import { createProgram } from '../program.ts';
import { complete } from './candidates.ts';
import { completionScript, SHELLS } from './scripts.ts';
import { shapesOf } from './shape.ts';

const io = {
  out: () => undefined,
  err: () => undefined,
  stdout: {},
  stdin: process.stdin,
  env: {},
  now: () => new Date(),
  signal: new AbortController().signal,
};
const { commands, globals } = shapesOf(createProgram(io, () => undefined));
const at = (line: string) => complete(line.split(' '), commands, globals);
const words = (line: string) => {
  const { wanted } = at(line);
  return wanted.kind === 'words' ? wanted.candidates.map((it) => it.value) : wanted.kind;
};

describe('what comes next on the command line', () => {
  test.each([
    [
      '',
      [
        'status',
        'history',
        'diff',
        'events',
        'promote',
        'abort',
        'pause',
        'resume',
        'undo',
        'retrain',
        'predict',
        'push',
        'init',
        'convert',
        'completion',
      ],
    ],
    ['status ', 'deployment'],
    ['undo --context ', 'nothing'],
    ['-n churn status ', 'deployment'],
    ['status bankchurn ', 'nothing'],
    ['diff bankchurn ', 'revision'],
    ['diff bankchurn 1 ', 'revision'],
    ['undo bankchurn --to-revision ', 'revision'],
    ['undo bankchurn --to-revision=', 'revision'],
    ['undo bankchurn --reason ', 'nothing'],
    ['status -n ', 'namespace'],
    ['history -o ', ['json', 'yaml', 'wide']],
    ['push ', 'file'],
    ['init ', 'file'],
    ['init bundle --output ', 'file'],
    ['promote ', 'deployment'],
    ['promote bankchurn --revision ', 'revision'],
    ['promote bankchurn -o ', ['json', 'yaml']],
    ['abort ', 'deployment'],
    ['pause ', 'deployment'],
    ['resume ', 'deployment'],
    ['events ', 'deployment'],
    ['events bankchurn ', 'nothing'],
    ['predict bankchurn -d ', 'file'],
    ['completion ', ['bash', 'zsh', 'fish', 'kubectl']],
  ])('%j', (line, wanted) => {
    expect(words(line)).toEqual(wanted);
  });

  test('options of the command and of the program', () => {
    expect(words('undo bankchurn --')).toEqual(
      expect.arrayContaining(['--to-revision', '--dry-run', '--no-wait', '--namespace', '--context']),
    );
  });

  test('a revision belongs to the ModelDeployment that was named, and options before it are kept', () => {
    expect(at('undo bankchurn -n churn --to-revision 1')).toEqual({
      wanted: { kind: 'revision', deployment: 'bankchurn' },
      prefix: '1',
      given: { namespace: 'churn' },
    });
    expect(at('status --kubeconfig=/a/b --context c ba').given).toEqual({ kubeconfig: '/a/b', context: 'c' });
  });
});

test.each(SHELLS)('the script for %s asks the program', (shell) => {
  expect(completionScript(shell)).toContain('kubectl-windlass __complete');
});
