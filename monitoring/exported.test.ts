import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics } from '#operator/metrics/index.ts';
import { post } from '#runtime/testing.ts';
import { BODY, Pair, until } from '#runtime/traffic/testing.ts';
import { dashboards } from './dashboards/index.ts';
import { panelsOf, parseQuery, queriesOf, variableQueries } from './queries.ts';
import { alerts, recordings, systemRules } from './rules/index.ts';
import { FOREIGN_METRICS, JOB, TARGET_LABELS } from './scrape.ts';
import { driftingPod, modelDeployments } from './testing.ts';

/** Metric -> label -> the values that were seen. */
type Exported = Map<string, Map<string, Set<string>>>;

function collect(into: Exported, text: string, by: keyof typeof JOB): void {
  for (const line of text.split('\n')) {
    const [, metric, labels = ''] = /^([a-z_:][\w:]*)(?:\{(.*)\})? /i.exec(line) ?? [];
    if (metric === undefined) continue;
    const known = into.get(metric) ?? new Map<string, Set<string>>();
    into.set(metric, known);
    const see = (label: string, ...values: readonly string[]): void => {
      known.set(label, new Set([...(known.get(label) ?? []), ...values]));
    };
    for (const label of TARGET_LABELS[by]) see(label);
    see('job', JOB[by]);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) see(label, value);
  }
}

/** The operator's registry, with everything that it hears having happened once. */
async function operatorText(): Promise<string> {
  const metrics = createMetrics(modelDeployments);
  metrics.onReconcile('success', 0.1);
  metrics.onQueue.taken?.(0.1);
  metrics.onCall({ method: 'GET', code: '200', seconds: 0.1 });
  metrics.onIncident('pods', 'failed');
  const features = [{ name: 'Age', psi: 0.4, limit: 0.2, state: 'drifted' as const }];
  metrics.readDriftFrom(() => ({ is: 'measured', revision: 'bank-1', features, complete: true, leftOut: 0 }));
  return metrics.registry.metrics();
}

const textOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

/** A pod in the middle of a rollout, with a candidate that is asked, copied to, and fails. */
async function rolloutText(): Promise<string> {
  await using pair = await Pair.start({ settings: { weight: 50, shadow: 100 } });
  for (let request = 0; request < 8; request++) await post(`${pair.url}/predict`, BODY);
  await until(async () => (await pair.rollout()).copied.compared > 0);
  // What a pod counts that is passed to.
  return `${await textOf(pair.url)}\n${await textOf(pair.candidateUrl)}`;
}

/** A pod that saw enough to say how far its inputs have moved. */
async function driftText(): Promise<string> {
  await using pod = await driftingPod();
  return await textOf(pod.url);
}

const exported: Exported = new Map();
beforeAll(async () => {
  collect(exported, await operatorText(), 'operator');
  collect(exported, await rolloutText(), 'runtime');
  collect(exported, await driftText(), 'runtime');
  for (const [metric, labels] of Object.entries(FOREIGN_METRICS)) {
    exported.set(metric, new Map(labels.map((label) => [label, new Set()])));
  }
  for (const { record, expr } of recordings) {
    const labels = parseQuery(expr).grouped[0]?.labels ?? [];
    exported.set(
      record,
      new Map(labels.filter((label) => label !== 'le').map((label) => [label, new Set()])),
    );
  }
}, 60_000);
afterAll(() => exported.clear());

interface Asked {
  readonly where: string;
  readonly expr: string;
}
const asked: readonly Asked[] = [
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
  ...recordings.map(({ record, expr }) => ({ where: record, expr })),
  ...(await systemRules()).alerts.map(({ alert, expr }) => ({ where: alert, expr })),
  ...Object.entries(dashboards).flatMap(([name, dashboard]) =>
    panelsOf(dashboard).flatMap((panel) =>
      queriesOf(panel).map((expr) => ({ where: `${name}: ${panel.title ?? ''}`, expr })),
    ),
  ),
];

/** What a query asks for that nobody exports. */
function missing(expr: string): readonly string[] {
  const { selected, grouped } = parseQuery(expr);
  const inMatchers = selected.flatMap(({ metric, matchers }) => {
    const labels = exported.get(metric);
    if (labels === undefined) return [metric];
    return matchers.flatMap(({ label, equals }) => {
      const values = labels.get(label);
      if (values === undefined) return [`${metric}{${label}}`];
      // Labels whose values were seen; a target's come from Prometheus.
      const isSeen = equals === undefined || values.size === 0 || values.has(equals);
      return isSeen ? [] : [`${metric}{${label}="${equals}"}`];
    });
  });
  const inGroups = grouped.flatMap(({ labels, metrics }) =>
    labels
      .filter((label) => !metrics.some((metric) => exported.get(metric)?.has(label) === true))
      .map((label) => `${label} of ${metrics.join(', ')}`),
  );
  return [...inMatchers, ...inGroups];
}

describe('what dashboards and rules ask for', () => {
  it.each(asked)('is exported by a pod or the operator: $where', ({ expr }) => {
    expect(missing(expr)).toEqual([]);
  });

  it('is exported where variables ask for it', () => {
    for (const [name, dashboard] of Object.entries(dashboards)) {
      const queries = variableQueries(dashboard);
      expect([name, queries.length > 0]).toEqual([name, true]);
      for (const { metric, label } of queries)
        expect([metric, exported.get(metric)?.has(label)]).toEqual([metric, true]);
    }
  });

  it('is missed where a metric, a label or a value does not exist', () => {
    expect(missing('windlass_no_such_total')).toEqual(['windlass_no_such_total']);
    expect(missing('windlass_shadow_total{result="agreed"}')).toEqual(['windlass_shadow_total{result}']);
    expect(missing('windlass_shadow_total{job="windlass-operator"}')).toEqual([
      'windlass_shadow_total{job="windlass-operator"}',
    ]);
    expect(missing('windlass_shadow_total{outcome="same"}')).toEqual([
      'windlass_shadow_total{outcome="same"}',
    ]);
    expect(missing('sum by (model) (windlass_shadow_total)')).toEqual(['model of windlass_shadow_total']);
  });
});
