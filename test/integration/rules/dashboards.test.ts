import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { attempt } from '#test/cluster/command.ts';
import { dashboards } from '../../../monitoring/dashboards/index.ts';
import { panelsOf, queriesOf } from '../../../monitoring/queries.ts';
import { BANK, byBothPods, condition, type Series } from './series.ts';

// What Prometheus itself makes of the dashboards' queries, as Grafana sends them.

let folder = '';
let promtool = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-dashboards-'));
  ({ promtool } = await build(['promtool']));
}, 1_200_000);
afterAll(async () => rm(folder, { recursive: true, force: true }));

const CHOSEN: readonly (readonly [variable: string, value: string])[] = [
  ['$__rate_interval', '5m'],
  ['$__range', '1h'],
  ['$namespace', 'churn'],
  ['$name', 'bank'],
  ['$feature', '.*'],
];
const asSent = (expr: string): string =>
  CHOSEN.reduce((sofar, [variable, value]) => sofar.replaceAll(variable, value), expr);

/** What promtool says of a file; '' where it has nothing against it. */
async function complaints(command: readonly string[], content: object): Promise<string> {
  const file = join(folder, 'asked.yaml');
  await writeFile(file, stringify(content));
  const { code, stdout, stderr } = await attempt(promtool, [...command, file]);
  return code === 0 ? '' : `${stdout}${stderr}`;
}

describe('the dashboards’ queries', () => {
  it('are queries to Prometheus, with types that fit', async () => {
    const all = Object.values(dashboards).flatMap((dashboard) => panelsOf(dashboard).flatMap(queriesOf));
    const rules = all.map((expr, index) => ({ record: `asked:${String(index)}`, expr: asSent(expr) }));
    expect(await complaints(['check', 'rules', '--lint=none'], { groups: [{ name: 'all', rules }] })).toBe(
      '',
    );
    const wrong = [{ record: 'asked', expr: 'rate(sum(up))' }];
    expect(
      await complaints(['check', 'rules', '--lint=none'], { groups: [{ name: 'all', rules: wrong }] }),
    ).toContain('expected type range vector');
  });
});

/** Two pods of one feature: their own indices, rows and limit. */
function pods(feature: string, psi: readonly [number, number], rows: readonly [number, number]): Series {
  const pod = (index: 0 | 1): Series => {
    const labels = `job="windlass-runtime",${BANK},revision="bank-1",feature="${feature}",pod="bank-1-${String(index)}"`;
    return {
      [`model_prediction_drift{${labels}}`]: String(psi[index]),
      [`windlass_drift_samples{${labels}}`]: String(rows[index]),
      [`windlass_drift_limit{${labels}}`]: '0.2',
    };
  };
  return { ...pod(0), ...pod(1) };
}

/** What the operator makes of all pods together; another model's is beside it. */
function summed(feature: string, psi: number, limit: number): Series {
  return {
    ...byBothPods('windlass_modeldeployment_drift_psi', `${BANK},feature="${feature}"`, String(psi)),
    ...byBothPods('windlass_modeldeployment_drift_limit', `${BANK},feature="${feature}"`, String(limit)),
    [`windlass_modeldeployment_drift_psi{namespace="churn",name="other",feature="${feature}"}`]: '9',
    [`windlass_modeldeployment_drift_limit{namespace="churn",name="other",feature="${feature}"}`]: '10',
  };
}

interface Sample {
  readonly labels: string;
  readonly value: number;
}
interface Shown {
  readonly title: string;
  /** What each of the panel's queries answers. */
  readonly answers: readonly (readonly Sample[])[];
}

async function shows(name: 'model' | 'fleet', series: Series, shown: readonly Shown[]): Promise<void> {
  const panels = Object.entries(dashboards).flatMap(([each, board]) =>
    each === name ? panelsOf(board) : [],
  );
  const asked = shown.flatMap(({ title, answers }) => {
    const queries = panels.filter((panel) => panel.title === title).flatMap(queriesOf);
    expect([title, queries.length]).toEqual([title, answers.length]);
    return queries.map((expr, index) => ({
      expr: asSent(expr),
      eval_time: '0m',
      exp_samples: answers[index],
    }));
  });
  const input = Object.entries(series).map(([metric, values]) => ({ series: metric, values }));
  const tests = [{ interval: '1m', input_series: input, promql_expr_test: asked }];
  expect(await complaints(['test', 'rules'], { evaluation_interval: '1m', tests })).toBe('');
}

const AGE = '{feature="Age"}';
const BALANCE = '{feature="Balance"}';
const seenByPods: Series = {
  // Each pod alone says that Age is far out; all rows together do not.
  ...pods('Age', [0.5, 0.1], [3000, 1000]),
  ...pods('Balance', [0.1, 0.1], [3000, 1000]),
};

describe('drift on the dashboards', () => {
  it('is what the operator adds up and its limit, whatever single pods say', async () => {
    const series = {
      ...seenByPods,
      ...summed('Age', 0.15, 0.2),
      ...summed('Balance', 0.75, 0.25),
      ...condition('Drifted', 'True'),
    };
    await shows('model', series, [
      { title: 'Drifted says', answers: [[{ labels: '{status="True"}', value: 1 }]] },
      { title: 'Drifted features', answers: [[{ labels: '{}', value: 1 }]] },
      { title: 'Farthest feature', answers: [[{ labels: BALANCE, value: 3 }]] },
      { title: 'Its index, in limits', answers: [[{ labels: '{}', value: 3 }]] },
      { title: 'Lowest limit', answers: [[{ labels: '{}', value: 0.2 }]] },
      {
        title: 'Drift by feature',
        answers: [
          [
            { labels: AGE, value: 0.15 / 0.2 },
            { labels: BALANCE, value: 3 },
          ],
          [],
        ],
      },
      {
        title: 'Each pod by itself',
        answers: [
          [
            { labels: '{pod="bank-1-0"}', value: 2.5 },
            { labels: '{pod="bank-1-1"}', value: 0.5 },
          ],
        ],
      },
    ]);
    await shows('fleet', series, [
      {
        title: 'Drifted features',
        answers: [[{ labels: '{namespace="churn",name="bank",feature="Balance"}', value: 0.75 }]],
      },
    ]);
  });

  it('is nothing while all pods together have too few rows, even where one pod has an opinion', async () => {
    const series = { ...seenByPods, ...condition('Drifted', 'Unknown') };
    await shows('model', series, [
      { title: 'Drifted says', answers: [[{ labels: '{status="Unknown"}', value: 1 }]] },
      { title: 'Drifted features', answers: [[]] },
      { title: 'Drift by feature', answers: [[], []] },
    ]);
  });

  it('is that of the pods by their rows where nobody adds them up', async () => {
    await shows('model', seenByPods, [
      { title: 'Drifted says', answers: [[]] },
      { title: 'Farthest feature', answers: [[]] },
      {
        title: 'Drift by feature',
        answers: [
          [],
          [
            { labels: AGE, value: 0.4 / 0.2 },
            { labels: BALANCE, value: 0.5 },
          ],
        ],
      },
    ]);
  });
});
