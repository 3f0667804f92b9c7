import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { panelsOf, parseQuery, queriesOf } from './queries.ts';
import { dashboards } from './dashboards/index.ts';
import { alerts, recordings, runbookOf, systemRules } from './rules/index.ts';
import { FOREIGN_METRICS } from './scrape.ts';

const ROOT = join(import.meta.dirname, '..');
const page = await readFile(join(ROOT, 'docs', 'monitoring.md'), 'utf8');

describe('docs', () => {
  it.each(alerts)('$alert has a runbook, and its row in the table with its severity', async (alert) => {
    const runbook = await readFile(join(ROOT, runbookOf(alert)), 'utf8');
    expect(runbook).toMatch(new RegExp(`^# ${alert.alert}\\n[^]+\\n## Look at\\n[^]+\\n## Do\\n`));
    const row = page.split('\n').find((line) => line.includes(`(runbooks/${alert.alert}.md)`));
    expect(row).toContain(`| ${alert.severity}`);
  });

  it('have no runbook of an alert that does not exist', async () => {
    const files = await readdir(join(ROOT, 'docs', 'runbooks'));
    const runbooks = files.filter((file) => file.endsWith('.md'));
    expect(runbooks.toSorted()).toEqual(alerts.map(({ alert }) => `${alert}.md`).toSorted());
  });

  it('name every metric that is asked for', () => {
    const queries = [
      ...alerts.map(({ expr }) => expr),
      ...recordings.map(({ expr }) => expr),
      ...Object.values(dashboards).flatMap((dashboard) => panelsOf(dashboard).flatMap(queriesOf)),
    ];
    const metrics = queries.flatMap((query) => parseQuery(query).selected.map(({ metric }) => metric));
    // Of a histogram, the page names the family; of Node.js' own, the prefix.
    const named = [...new Set(metrics)].map((metric) => metric.replace(/_(bucket|sum|count)$/, ''));
    const missing = named.filter(
      (metric) => !page.includes(`\`${metric}\``) && !metric.startsWith('nodejs_'),
    );
    expect(missing).toEqual([]);
    expect(Object.keys(FOREIGN_METRICS).filter((metric) => !page.includes(metric))).toEqual([]);
  });
});

describe('the five systems’ runbooks', async () => {
  const SYSTEMS = ['bankchurn', 'carvision', 'creditrisk', 'plant', 'telecom'];
  const own = (await systemRules()).alerts;
  const runbook = (name: string): Promise<string> =>
    readFile(join(ROOT, 'docs', 'runbooks', 'systems', `${name}.md`), 'utf8');

  it.each(own)('$alert is named in the page that it links to', async ({ alert, annotations }) => {
    expect(await readFile(join(ROOT, annotations.runbook_url), 'utf8')).toContain(`\`${alert}\``);
  });

  it.each(SYSTEMS)('%s: names alerts that there are', async (name) => {
    const known = new Set([...alerts, ...own].map(({ alert }) => alert));
    const named = (await runbook(name)).match(
      /\b(?:Windlass|BankChurn|CarVision|CreditRisk|Plant(?!Disease\b))[A-Z][A-Za-z]+/g,
    );
    expect(named?.filter((alert) => !known.has(alert))).toEqual([]);
  });

  it.each(SYSTEMS)('%s: names the alert on drift that can fire for it', async (name) => {
    const [byOperator, byPods] = ['WindlassFeaturesDrifted', 'WindlassPredictionsDrifted'];
    const example = await readFile(join(ROOT, 'deploy', 'examples', `${name}.yaml`), 'utf8');
    const { spec } = parse(example) as { readonly spec: object };
    expect(await runbook(name)).not.toContain('drift' in spec ? byPods : byOperator);
  });
});
