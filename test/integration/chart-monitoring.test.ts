import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { attempt, run } from '#test/cluster/command.ts';
import { MONITORING, renderChart, withoutHelm } from '../../charts/manifests.ts';
import { dashboards } from '../../monitoring/dashboards/index.ts';
import { alerts, rulesFile } from '../../monitoring/rules/index.ts';
import { JOB, TARGET_LABELS } from '../../monitoring/scrape.ts';

const ROOT = join(import.meta.dirname, '..', '..');

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

interface Endpoint {
  readonly relabelings: readonly { readonly targetLabel: string; readonly replacement?: string }[];
}

const render = async (...args: readonly string[]): Promise<readonly KubeObject[]> =>
  [...(await renderChart([...MONITORING, ...args])).values()].flat() as unknown as KubeObject[];
const ofKind = (objects: readonly KubeObject[], kind: string): readonly KubeObject[] =>
  objects.filter((object) => object.kind === kind);

let folder = '';
let objects: readonly KubeObject[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'windlass-monitoring-'));
  objects = await render();
}, 1_200_000);
afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('what the chart has for Prometheus and Grafana', () => {
  it('is absent until it is asked for', async () => {
    const kinds = [...(await renderChart()).values()].flat().map(({ kind }) => kind);
    for (const kind of ['ServiceMonitor', 'PodMonitor', 'PrometheusRule', 'ConfigMap'])
      expect(kinds).not.toContain(kind);
  });

  it('is the same in deploy/kubernetes/monitoring', async () => {
    const { kubectl } = await build(['kubectl']);
    const text = await run(kubectl, ['kustomize', join(ROOT, 'deploy', 'kubernetes', 'monitoring')]);
    const kustomized = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
    const named = (all: readonly object[]): object =>
      Object.fromEntries(
        all.map((object) => [
          `${(object as KubeObject).kind} ${(object as KubeObject).metadata.name}`,
          object,
        ]),
      );
    const kinds = new Set(kustomized.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(['ConfigMap', 'PodMonitor', 'PrometheusRule', 'ServiceMonitor']);
    const own = objects.filter(({ kind }) => kinds.has(kind)).map((object) => withoutHelm({ ...object }));
    expect(named(kustomized)).toEqual(named(own));
  });

  it('has the rules whole, and links to runbooks where one says', async () => {
    const { promtool } = await build(['promtool']);
    const rule = (all: readonly KubeObject[]): unknown => ofKind(all, 'PrometheusRule')[0]?.spec;
    expect(rule(objects)).toEqual(parse(rulesFile()));
    const elsewhere = rule(
      await render('--set=metrics.prometheusRule.runbookBase=https://wiki.example.com/runbooks/'),
    );
    const text = stringify(elsewhere);
    expect(text.match(/runbook_url: https:\/\/wiki\.example\.com\/runbooks\/Windlass\w+\.md/g)).toHaveLength(
      alerts.length,
    );
    await writeFile(join(folder, 'rules.yaml'), text);
    const { code, stderr } = await attempt(promtool, ['check', 'rules', join(folder, 'rules.yaml')]);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('has every dashboard in a ConfigMap of its own that Grafana’s sidecar finds', async () => {
    const maps = ofKind(
      await render('--set=metrics.dashboards.annotations.grafana_folder=Models'),
      'ConfigMap',
    );
    expect(maps).toHaveLength(Object.keys(dashboards).length);
    for (const { metadata, data = {} } of maps) {
      expect(metadata).toMatchObject({
        labels: { grafana_dashboard: '1' },
        annotations: { grafana_folder: 'Models' },
      });
      const [file = ''] = Object.keys(data);
      const text = data[file] ?? '';
      expect(JSON.parse(text)).toEqual(
        JSON.parse(JSON.stringify(dashboards[file.replace(/^windlass-|\.json$/g, '')])),
      );
      // A ConfigMap's limit, and kubectl apply's for what it keeps in an annotation.
      expect(Buffer.byteLength(text)).toBeLessThan(262_144);
    }
  });

  it('has monitors that give the jobs and labels which rules and dashboards ask for', async () => {
    const [service] = ofKind(objects, 'ServiceMonitor');
    const [pods] = ofKind(objects, 'PodMonitor');
    expect(service?.spec).toMatchObject({
      endpoints: [{ honorLabels: true, relabelings: [{ targetLabel: 'job', replacement: JOB.operator }] }],
    });
    const endpoints = (pods?.spec?.['podMetricsEndpoints'] ?? []) as readonly Endpoint[];
    const relabelings = endpoints[0]?.relabelings ?? [];
    expect(relabelings).toContainEqual({ targetLabel: 'job', replacement: JOB.runtime });
    const added = TARGET_LABELS.runtime.filter(
      (label) => !(TARGET_LABELS.operator as readonly string[]).includes(label),
    );
    expect(relabelings.map(({ targetLabel }) => targetLabel)).toEqual(['job', ...added]);
  });

  it('looks for pods in the operator’s namespaces alone where it has some', async () => {
    const [pods] = ofKind(await render('--set=watchNamespaces={churn,fraud}'), 'PodMonitor');
    expect(pods?.spec).toMatchObject({ namespaceSelector: { matchNames: ['churn', 'fraud'] } });
  });
});

describe('notifications', () => {
  const containerOf = async (...args: readonly string[]): Promise<string> =>
    JSON.stringify(ofKind(await render(...args), 'Deployment'));

  it('leave no trace in a Deployment until a Secret is named', async () => {
    expect(await containerOf()).not.toContain('NOTIFY');
  });

  it('take the URL from the Secret alone', async () => {
    const deployment = await containerOf(
      '--set=notifications.existingSecret=hook,notifications.template=slack,notifications.kinds={undone,rejected}',
    );
    expect(deployment).toContain(
      '{"name":"WINDLASS_NOTIFY_URL","valueFrom":{"secretKeyRef":{"name":"hook","key":"url","optional":true}}}',
    );
    expect(deployment).toContain('{"name":"WINDLASS_NOTIFY_ON","value":"undone,rejected"}');
    expect(deployment).toContain('{"name":"WINDLASS_NOTIFY_TEMPLATE","value":"slack"}');
    expect(deployment).not.toContain('volumeMounts');
  });

  it('take a template of one’s own from a ConfigMap, beside a token for Prometheus', async () => {
    const deployment = await containerOf(
      '--set=notifications.existingSecret=hook,notifications.templateConfigMap=template',
      '--set=prometheus.url=http://prometheus:9090,prometheus.tokenSecret.name=token',
    );
    expect(deployment).toContain('"value":"/etc/windlass/notify/template.json"');
    expect(deployment).toContain('{"name":"notify","configMap":{"name":"template"}}');
    expect(deployment).toContain('{"name":"prometheus","secret":{"secretName":"token"');
  });

  it('refuse a kind that does not exist', async () => {
    await expect(render('--set=notifications.kinds={paused}')).rejects.toThrow(/kinds/);
  });
});
