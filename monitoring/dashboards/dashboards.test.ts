import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { monitoringFiles } from '../generate.ts';
import { panelsOf, parseQuery, queriesOf } from '../queries.ts';
import { UID } from './dashboard.ts';
import { dashboards } from './index.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const each = Object.entries(dashboards);

it('what is generated is what the chart has', async () => {
  const stale: string[] = [];
  for (const [path, content] of monitoringFiles()) {
    if ((await readFile(join(ROOT, path), 'utf8').catch(() => undefined)) !== content) stale.push(path);
  }
  expect(stale).toEqual([]);
});

describe.each(each)('the dashboard %s', (name, dashboard) => {
  const panels = panelsOf(dashboard);

  it('has panels that lie beside one another within the grid, each with an id of its own', () => {
    const taken = new Map<string, string>();
    for (const { gridPos, title = '' } of dashboard.panels ?? []) {
      const { x = 0, y = 0, w = 0, h = 0 } = gridPos ?? {};
      expect([title, w > 0 && h > 0 && x >= 0 && x + w <= 24]).toEqual([title, true]);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const cell = `${String(column)},${String(line)}`;
          expect([title, cell, taken.get(cell)]).toEqual([title, cell, undefined]);
          taken.set(cell, title);
        }
      }
    }
    const ids = (dashboard.panels ?? []).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('asks Prometheus in every panel, through the data source that one chooses', () => {
    for (const panel of panels) {
      expect([panel.title, queriesOf(panel).length > 0]).toEqual([panel.title, true]);
      expect([panel.title, panel.datasource]).toEqual([
        panel.title,
        { type: 'prometheus', uid: '${datasource}' },
      ]);
      for (const query of queriesOf(panel)) expect(() => parseQuery(query)).not.toThrow();
    }
    expect(panels.length).toBeGreaterThan(10);
  });

  it('says in every panel what it shows, and titles no two alike', () => {
    expect(panels.filter(({ description = '' }) => description === '')).toEqual([]);
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('uses only variables that it has', () => {
    const known = new Set((dashboard.templating?.list ?? []).map((variable) => variable.name));
    const used = JSON.stringify(panels.map(queriesOf)).matchAll(/\$\{?([A-Za-z]\w*)/g);
    for (const [, variable = ''] of used) expect([...known]).toContain(variable);
  });

  it('leads to the other two', () => {
    const urls = (dashboard.links ?? []).map(({ url }) => url);
    const others = Object.values(UID).filter((uid) => uid !== dashboard.uid);
    expect(urls).toEqual(others.map((uid) => `/d/${uid}`));
    expect(dashboard.uid).toBe(UID[name as keyof typeof UID]);
  });
});

describe('a query', () => {
  it('is taken apart into metrics, matchers, and what is grouped by', () => {
    const text =
      'sum by (a, le) (rate(x_bucket{c="1",d=~"2",e="$f"}[$__rate_interval])) / on (a) group_left (z) y';
    expect(parseQuery(text)).toEqual({
      selected: [
        {
          metric: 'x_bucket',
          matchers: [
            { label: 'c', equals: '1' },
            { label: 'd', equals: undefined },
            { label: 'e', equals: undefined },
          ],
        },
        { metric: 'y', matchers: [] },
      ],
      grouped: [
        { labels: ['a', 'le'], metrics: ['x_bucket'] },
        { labels: ['a'], metrics: ['x_bucket', 'y'] },
        { labels: ['z'], metrics: ['x_bucket', 'y'] },
      ],
    });
  });

  it('that is none is refused', () => {
    expect(() => parseQuery('sum by (a (x)')).toThrow(/no PromQL/);
    expect(() => parseQuery('rate(x[5m)')).toThrow(/no PromQL/);
  });
});
