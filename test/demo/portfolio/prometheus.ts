import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { build } from '#test/cluster/build.ts';
import { startChild, untilReady } from '#test/cluster/child.ts';
import { freePorts } from '#test/cluster/ports.ts';
import { statusOf } from '#test/cluster/probe.ts';
import type { Progress } from '#test/cluster/progress.ts';
import { removeAtEnd } from '#test/cluster/watchdog.ts';
import { rulesFile, systemRules } from '../../../monitoring/rules/index.ts';
import { JOB } from '../../../monitoring/scrape.ts';

const READY_WITHIN = 60_000;

/** A Prometheus on this machine that finds the model pods and the operator as the chart's monitors do, with its rules and the five systems'. */
export async function startPrometheus(
  kubeconfig: string,
  progress: Progress,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const { prometheus } = await build(['prometheus'], { progress });
  const folder = await mkdtemp(join(tmpdir(), 'windlass-prometheus-'));
  removeAtEnd(folder);
  const config = join(folder, 'prometheus.yaml');
  await writeFile(join(folder, 'rules.yaml'), rulesFile());
  await writeFile(join(folder, 'systems.yaml'), (await systemRules()).file);
  await writeFile(config, stringify(settings(kubeconfig)));
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const child = startChild({
    name: 'prometheus',
    file: prometheus,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    log: join(folder, 'log'),
  });
  await untilReady(child, async () => (await statusOf({ url: `${url}/-/ready` })) === 200, READY_WITHIN);
  return { url, stop: () => child.stop() };
}

function settings(kubeconfig: string): object {
  const pods = { kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: kubeconfig }] };
  const label = (source: string, target: string): object => ({
    source_labels: [`__meta_kubernetes_${source}`],
    target_label: target,
  });
  const keep = (source: string, regex: string): object => ({
    source_labels: [`__meta_kubernetes_${source}`],
    regex,
    action: 'keep',
  });
  const where = [label('namespace', 'namespace'), label('pod_name', 'pod')];
  return {
    global: { scrape_interval: '5s', evaluation_interval: '5s' },
    rule_files: ['rules.yaml', 'systems.yaml'],
    scrape_configs: [
      {
        job_name: JOB.runtime,
        ...pods,
        relabel_configs: [
          keep('pod_label_windlass_dev_model_deployment', '.+'),
          keep('pod_container_port_name', 'http'),
          ...where,
          label('pod_label_windlass_dev_model_deployment', 'name'),
          label('pod_label_windlass_dev_revision', 'revision'),
        ],
        metric_relabel_configs: [{ action: 'labeldrop', regex: 'exported_revision' }],
      },
      {
        job_name: JOB.operator,
        honor_labels: true,
        ...pods,
        relabel_configs: [
          keep('pod_label_app_kubernetes_io_name', 'windlass'),
          keep('pod_container_port_name', 'metrics'),
          ...where,
        ],
      },
    ],
  };
}
