import { METRICS_IMAGE, metricsServer, toList } from './addons.ts';
import { programImage } from './archive.ts';
import { build } from './build.ts';
import type { Cluster } from './cluster.ts';
import { cacheFolder } from './paths.ts';
import { timed, type Progress } from './progress.ts';

/** Installs metrics-server where a cluster of ours has none, and does not wait for its first reading. */
export async function provideMetrics(cluster: Cluster, progress: Progress): Promise<void> {
  if (cluster.provider === 'existing') return;
  const found = await cluster.kubectl([
    'get',
    'apiservice',
    'v1beta1.metrics.k8s.io',
    '--ignore-not-found',
    '-o=name',
  ]);
  if (found.trim() !== '') return;
  const binaries = await build(['metrics-server'], { progress, os: 'linux' });
  await timed('installing metrics-server', progress, async () => {
    const image = { tag: METRICS_IMAGE, binary: binaries['metrics-server'], user: '65532' };
    await cluster.loadImages([await programImage(image, cacheFolder('program-images'))]);
    await cluster.kubectl(['apply', '-f', '-'], toList(metricsServer()));
  });
}
