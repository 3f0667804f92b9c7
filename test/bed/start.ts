import { build, buildImages, startMinio, up, type Cluster } from '#test/cluster/index.ts';
import { run } from '#test/cluster/command.ts';
import { printProgress, timed, type Progress } from '#test/cluster/progress.ts';
import { fileURLToPath } from 'node:url';
import type { BedConnection } from './bed.ts';

export const OPERATOR_NAMESPACE = 'windlass-system';

export interface RunningBed {
  readonly connection: BedConnection;
  readonly cluster: Cluster;
  /** Ends the S3 server; the cluster stays until `make cluster-down`. */
  readonly stop: () => Promise<void>;
}

export interface BedOptions {
  readonly progress?: Progress;
}

const CHART = fileURLToPath(new URL('../../charts/windlass', import.meta.url));

/** The whole system: cluster, images, operator by its chart, S3 server. Throws Unavailable where no cluster can run. */
export async function startBed({ progress = printProgress }: BedOptions = {}): Promise<RunningBed> {
  const cluster = await up({ progress });
  const images = await buildImages(undefined, progress);
  await timed('loading images', progress, () => cluster.loadImages(images.map((image) => image.archive)));
  const { kubectl, helm } = await build(['kubectl', 'helm'], { progress });
  const tag = (target: string): string => images.find((image) => image.target === target)?.contentTag ?? '';
  await timed('installing the operator', progress, () =>
    install(helm, cluster.kubeconfig, { operator: tag('operator'), runtime: tag('runtime') }),
  );
  const host = cluster.host;
  if (host === undefined)
    throw new Error('pods of this cluster cannot reach this machine, where the S3 server runs');
  const minio = await startMinio({ host: host.listen, address: host.address, progress });
  const { endpoint, region, accessKey, secretKey } = minio;
  return {
    cluster,
    connection: {
      kubeconfig: cluster.kubeconfig,
      kubectl,
      store: { endpoint, region, accessKey, secretKey },
      operatorNamespace: OPERATOR_NAMESPACE,
      auditLog: cluster.auditLog,
      runtimeImage: tag('runtime'),
    },
    stop: () => minio.stop(),
  };
}

interface Images {
  readonly operator: string;
  readonly runtime: string;
}

/** Installs or upgrades the chart and waits until the operator is ready. */
export async function install(
  helm: string,
  kubeconfig: string,
  { operator, runtime }: Images,
): Promise<void> {
  const [operatorRepository, operatorTag] = operator.split(':');
  const [runtimeRepository, runtimeTag] = runtime.split(':');
  await run(
    helm,
    [
      'upgrade',
      'windlass',
      CHART,
      '--install',
      '--create-namespace',
      `--namespace=${OPERATOR_NAMESPACE}`,
      `--kubeconfig=${kubeconfig}`,
      `--set-string=image.repository=${operatorRepository},image.tag=${operatorTag}`,
      `--set-string=runtimeImage.repository=${runtimeRepository},runtimeImage.tag=${runtimeTag}`,
      '--wait',
      '--timeout=3m',
    ],
    { timeout: 200_000 },
  );
}
