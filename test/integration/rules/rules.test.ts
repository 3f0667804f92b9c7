import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { attempt } from '#test/cluster/command.ts';
import { alerts, rulesFile, runbookOf, systemRules } from '../../../monitoring/rules/index.ts';
import { modelCases } from './models.ts';
import { operatorCases } from './operator.ts';
import { rolloutCases } from './rollouts.ts';
import type { AlertCase, Input } from './series.ts';
import { systemCases } from './systems.ts';

const cases = [...modelCases, ...rolloutCases, ...operatorCases];
const systems = await systemRules();
const [RULES, SYSTEMS] = ['rules.yaml', 'systems.yaml'] as const;

let folder = '';
let promtool = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-rules-'));
  await writeFile(join(folder, RULES), rulesFile());
  await writeFile(join(folder, SYSTEMS), systems.file);
  ({ promtool } = await build(['promtool']));
}, 1_200_000);
afterAll(async () => rm(folder, { recursive: true, force: true }));

interface Expected {
  readonly exp_labels: object;
  readonly exp_annotations: object;
}

/** What promtool says against these alerts at that time; '' for nothing. */
async function complaints(
  alert: string,
  { series, at, every = '1m' }: Input,
  expected: readonly Expected[],
  rules: string = RULES,
): Promise<string> {
  const file = join(folder, `${alert}.test.yaml`);
  const test = {
    interval: every,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
  };
  await writeFile(file, stringify({ rule_files: [rules], evaluation_interval: every, tests: [test] }));
  const { code, stdout, stderr } = await attempt(promtool, ['test', 'rules', file]);
  return code === 0 ? '' : `${stdout}${stderr}`;
}

const expectedOf = (
  { labels, summary, description }: AlertCase['fires'],
  runbook_url: string | undefined,
): Expected => ({ exp_labels: labels, exp_annotations: { summary, description, runbook_url } });

describe('the rules', () => {
  it('are rules to promtool, with nothing to criticize', async () => {
    const { code, stdout, stderr } = await attempt(promtool, [
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      ...[RULES, SYSTEMS].map((file) => join(folder, file)),
    ]);
    expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
  });

  it('have a case for each alert', () => {
    expect(cases.map(({ alert }) => alert).toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
    expect(cases.filter(({ quiet }) => Object.keys(quiet).length === 0)).toEqual([]);
  });

  it.each(cases)('$alert fires, and says what it found', async (each) => {
    expect(await complaints(each.alert, each.fires, [expectedOf(each.fires, runbookOf(each))])).toBe('');
  });

  it.each(
    cases.flatMap((each) =>
      Object.entries(each.also ?? {}).map(([where, input]) => ({ alert: each.alert, where, input, each })),
    ),
  )('$alert fires as well where $where', async ({ alert, input, each }) => {
    expect(await complaints(alert, input, [expectedOf(each.fires, runbookOf(each))])).toBe('');
  });

  it('say which model each alert of a model is about', () => {
    const unnamed = [...modelCases, ...rolloutCases].filter(
      ({ fires: { labels } }) => labels['namespace'] === undefined || labels['name'] === undefined,
    );
    expect(unnamed.map(({ alert }) => alert)).toEqual([]);
  });

  it.each(
    cases.flatMap(({ alert, quiet }) => Object.entries(quiet).map(([why, input]) => ({ alert, why, input }))),
  )('$alert does not fire where $why', async ({ alert, input }) => {
    expect(await complaints(alert, input, [])).toBe('');
  });
});

describe('the five systems’ own rules', () => {
  const runbook = new Map(systems.alerts.map(({ alert, annotations }) => [alert, annotations.runbook_url]));

  it('have a case for each alert', () => {
    const tried = new Set(systemCases.map(({ alert }) => alert));
    expect([...tried].toSorted()).toEqual([...runbook.keys()].toSorted());
  });

  it.each(systemCases)('$alert fires, and says what it found', async ({ alert, fires }) => {
    expect(await complaints(alert, fires, [expectedOf(fires, runbook.get(alert))], SYSTEMS)).toBe('');
  });

  it.each(
    systemCases.flatMap(({ alert, quiet }) =>
      Object.entries(quiet).map(([why, input]) => ({ alert, why, input })),
    ),
  )('$alert does not fire where $why', async ({ alert, input }) => {
    expect(await complaints(alert, input, [], SYSTEMS)).toBe('');
  });
});
