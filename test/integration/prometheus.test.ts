import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createMetrics } from '#operator/metrics/index.ts';
import { startHealthServer } from '#operator/server.ts';
import { post } from '#runtime/testing.ts';
import { BODY, CANDIDATE, Pair, STABLE } from '#runtime/traffic/testing.ts';
import { build } from '#test/cluster/build.ts';
import { logTail, startChild } from '#test/cluster/child.ts';
import { freePorts } from '#test/cluster/ports.ts';
import { dashboards } from '../../monitoring/dashboards/index.ts';
import { panelsOf, queriesOf } from '../../monitoring/queries.ts';
import { alerts, recordings, rulesFile } from '../../monitoring/rules/index.ts';
import { JOB } from '../../monitoring/scrape.ts';
import { driftingPod, modelDeployments } from '../../monitoring/testing.ts';

// A real Prometheus reads two pods in a rollout, one that drifts, and two replicas of the operator, and is asked what
// dashboards and rules ask: whether a question makes sense, and has an answer, is for Prometheus to say.

const MODEL = { namespace: 'churn', name: 'bank-0' };
/** Long enough for the rules to be evaluated over several readings. */
const TRAFFIC_MS = 8000;

let prometheus = '';
const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

const target = (url: string, labels: Readonly<Record<string, string>>): object => ({
  targets: [url.replace('http://', '')],
  labels,
});

/** The replica that leads alone adds up what pods counted. */
async function startOperator(leads: boolean): Promise<string> {
  const metrics = createMetrics(modelDeployments);
  metrics.onReconcile('success', 0.1);
  metrics.onQueue.taken?.(0.1);
  metrics.onCall({ method: 'GET', code: '200', seconds: 0.1 });
  metrics.onIncident('pods', 'listed');
  const features = [{ name: 'Age', psi: 0.4, limit: 0.2, state: 'drifted' as const }];
  if (leads) {
    metrics.readDriftFrom(() => ({ is: 'measured', revision: STABLE, features, complete: true, leftOut: 0 }));
  }
  const { registry } = metrics;
  const server = await startHealthServer({ host: '127.0.0.1', port: 0, registry, notReady: () => undefined });
  ends.push(server.close);
  return `http://127.0.0.1:${String(server.port)}`;
}

async function startPrometheus(folder: string, scrapes: readonly object[]): Promise<string> {
  const { prometheus: file } = await build(['prometheus']);
  const config = join(folder, 'prometheus.yaml');
  await writeFile(join(folder, 'rules.yaml'), rulesFile());
  const global = { scrape_interval: '1s', evaluation_interval: '1s' };
  await writeFile(config, stringify({ global, rule_files: ['rules.yaml'], scrape_configs: scrapes }));
  const [port = 0] = await freePorts(1);
  const address = `127.0.0.1:${String(port)}`;
  const child = startChild({
    name: 'prometheus',
    file,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    log: join(folder, 'log'),
  });
  ends.push(async () => child.stop());
  for (let tries = 0; tries < 150 && child.running(); tries++) {
    const ready = await fetch(`http://${address}/-/ready`).catch(() => undefined);
    if (ready?.ok === true) return `http://${address}`;
    await sleep(200);
  }
  throw new Error(`Prometheus does not start:\n${await logTail(child.log)}`);
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-prometheus-'));
  ends.push(async () => rm(folder, { recursive: true, force: true }));
  const pair = await Pair.start({ settings: { weight: 50, shadow: 100 } });
  ends.push(async () => pair[Symbol.asyncDispose]());
  const drifting = await driftingPod();
  ends.push(async () => drifting[Symbol.asyncDispose]());
  const operators = [await startOperator(true), await startOperator(false)];
  prometheus = await startPrometheus(folder, [
    {
      job_name: JOB.operator,
      honor_labels: true,
      static_configs: operators.map((url, index) => target(url, { pod: `windlass-${String(index)}` })),
    },
    {
      job_name: JOB.runtime,
      static_configs: [
        target(pair.url, { ...MODEL, revision: STABLE, pod: 'bank-0-a' }),
        target(pair.candidateUrl, { ...MODEL, revision: CANDIDATE, pod: 'bank-0-b' }),
        target(drifting.url, { ...MODEL, revision: 'bank-0-c', pod: 'bank-0-c' }),
      ],
      metric_relabel_configs: [{ action: 'labeldrop', regex: 'exported_revision' }],
    },
  ]);
  const end = Date.now() + TRAFFIC_MS;
  while (Date.now() < end) {
    await post(`${pair.url}/predict`, BODY);
    await post(`${drifting.url}/predict`, { Age: 40, Country: 'Spain' });
    await sleep(50);
  }
}, 1_200_000);

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly data?: { readonly result: readonly unknown[] | readonly [number, string] };
}

async function ask(expr: string): Promise<{ readonly problem: string; readonly series: number }> {
  const query = [
    [/\$__rate_interval|\$__range/g, '20s'],
    [/\$namespace/g, MODEL.namespace],
    [/\$name/g, MODEL.name],
    [/\$feature/g, '.*'],
  ].reduce((text, [variable, value]) => text.replaceAll(variable as RegExp, value as string), expr);
  const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { status, error = '', warnings = [], data } = (await response.json()) as Answer;
  return {
    problem: [...(status === 'success' ? [] : [error]), ...warnings].join('; '),
    series: data?.result.length ?? 0,
  };
}

/** Panels that show what did not happen here, or what kube-state-metrics knows. */
const EMPTY: ReadonlySet<string> = new Set(['rollout: Fallbacks by cause', 'model: Restarts']);

const panels = Object.entries(dashboards).flatMap(([name, dashboard]) =>
  panelsOf(dashboard).map((panel) => ({ title: `${name}: ${panel.title ?? ''}`, queries: queriesOf(panel) })),
);

describe('a real Prometheus', () => {
  it.each(panels)('answers the panel $title', async ({ title, queries }) => {
    const answers = await Promise.all(queries.map(ask));
    expect(answers.map(({ problem }) => problem).filter((problem) => problem !== '')).toEqual([]);
    const hasData = answers.some(({ series }) => series > 0);
    expect(hasData).toBe(!EMPTY.has(title));
  });

  it.each(alerts)('can evaluate $alert', async ({ expr }) => {
    expect((await ask(expr)).problem).toBe('');
  });

  it('records one series for each ModelDeployment, though two replicas of the operator tell of it', async () => {
    expect(await ask('windlass:modeldeployment:info')).toEqual({ problem: '', series: 2 });
    expect(await ask('windlass_modeldeployment_info')).toEqual({ problem: '', series: 4 });
  });

  it('evaluates every rule without an error', async () => {
    const response = await fetch(`${prometheus}/api/v1/rules`);
    const { data } = (await response.json()) as {
      readonly data: {
        readonly groups: readonly {
          readonly rules: readonly { readonly health: string; readonly name: string }[];
        }[];
      };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules).toHaveLength(alerts.length + recordings.length);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });
});
