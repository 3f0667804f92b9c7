import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format } from 'prettier';
import { parse, stringify } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { run } from '#test/cluster/command.ts';

// `npm run manifests`: deploy/kubernetes, for those who use kustomize, is the chart as rendered with its defaults.

const ROOT = join(import.meta.dirname, '..');
const FOLDER = 'deploy/kubernetes';
const NAMESPACE = 'windlass-system';
const HEADER = '# Generated from charts/windlass by `npm run manifests`: change it there.\n';
/** What says "installed by Helm", and the chart's version, which changes with every release. */
const HELM_LABELS = new Set(['app.kubernetes.io/managed-by', 'helm.sh/chart']);

/** The chart's objects as Helm would install them, by the template that they come from. */
export async function renderChart(
  args: readonly string[] = [],
): Promise<ReadonlyMap<string, readonly Record<string, unknown>[]>> {
  const { helm } = await build(['helm']);
  const chart = join(ROOT, 'charts', 'windlass');
  const text = await run(helm, ['template', 'windlass', chart, `--namespace=${NAMESPACE}`, ...args]);
  const objects = text.split(/^---$/m).flatMap((document) => {
    const template = /^# Source: windlass\/templates\/(\S+)$/m.exec(document)?.[1];
    const object = parse(document) as Record<string, unknown> | null;
    if (object === null) return [];
    if (template === undefined) throw new Error(`helm template: an object without its source\n${document}`);
    return [{ template, object }];
  });
  return new Map(
    [...Map.groupBy(objects, ({ template }) => template)].map(([template, group]) => [
      template,
      group.map(({ object }) => object),
    ]),
  );
}

/** What a cluster with the Prometheus operator and Grafana takes beside the rest. */
export const MONITORING = ['serviceMonitor', 'podMonitor', 'prometheusRule', 'dashboards'].map(
  (part) => `--set=metrics.${part}.enabled=true`,
);

/** The same, for those who use kustomize: deploy/kubernetes/monitoring. */
async function monitoringManifests(rest: ReadonlySet<string>): Promise<readonly [string, string][]> {
  const rendered = [...(await renderChart(MONITORING))].filter(
    ([template]) => !template.startsWith('crds/') && !rest.has(template),
  );
  const files = rendered.map(([template, objects]): [string, string] => [
    `monitoring/${template}`,
    HEADER + objects.map((object) => stringify(withoutHelm(object), { lineWidth: 0 })).join('---\n'),
  ]);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: NAMESPACE,
    resources: rendered.map(([template]) => template).toSorted(),
  };
  return [...files, ['monitoring/kustomization.yaml', HEADER + stringify(kustomization)]];
}

/** Every generated file of deploy/kubernetes: path -> content. */
export async function manifests(): Promise<ReadonlyMap<string, string>> {
  const rendered = [...(await renderChart())].filter(([template]) => !template.startsWith('crds/'));
  const files = new Map([['namespace.yaml', HEADER + stringify(namespace)]]);
  for (const [template, objects] of rendered) {
    files.set(template, HEADER + objects.map((object) => stringify(withoutHelm(object))).join('---\n'));
  }
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    namespace: NAMESPACE,
    resources: ['../../crds', ...[...files.keys()].toSorted()],
  };
  files.set('kustomization.yaml', HEADER + stringify(kustomization));
  const monitoring = await monitoringManifests(new Set(rendered.map(([template]) => template)));
  const formatted = [...files, ...monitoring].map(async ([name, text]): Promise<[string, string]> => [
    `${FOLDER}/${name}`,
    await format(text, { parser: 'yaml', printWidth: 110, singleQuote: true }),
  ]);
  return new Map(await Promise.all(formatted));
}

const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: NAMESPACE,
    labels: {
      'app.kubernetes.io/part-of': 'windlass',
      'pod-security.kubernetes.io/enforce': 'restricted',
    },
  },
};

/** The object without the marks of Helm. */
export function withoutHelm(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { labels, annotations, ...metadata } = object['metadata'] as Record<string, Record<string, string>>;
  const keptLabels = Object.entries(labels ?? {}).filter(([key]) => !HELM_LABELS.has(key));
  const keptAnnotations = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith('helm.sh/'));
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(keptLabels.length === 0 ? {} : { labels: Object.fromEntries(keptLabels) }),
      ...(keptAnnotations.length === 0 ? {} : { annotations: Object.fromEntries(keptAnnotations) }),
    },
  };
}

if (import.meta.main) {
  for (const [path, content] of await manifests()) {
    const file = join(ROOT, path);
    if ((await readFile(file, 'utf8').catch(() => undefined)) === content) continue;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    process.stdout.write(`wrote ${path}\n`);
  }
}
