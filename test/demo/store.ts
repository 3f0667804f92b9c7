import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { programImage } from '#test/cluster/archive.ts';
import type { Cluster } from '#test/cluster/cluster.ts';
import { build } from '#test/cluster/index.ts';
import { cacheFolder } from '#test/cluster/paths.ts';
import type { Progress } from '#test/cluster/progress.ts';

// MinIO inside the cluster, so that the models stay reachable for as long as the cluster runs.

const NAMESPACE = 'store';
const IMAGE = 'windlass-demo/minio:dev';
export const BUCKET = 'models';
export const REGION = 'us-east-1';

export interface DemoStore {
  /** As pods reach it. */
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export async function installStore(cluster: Cluster, progress: Progress): Promise<DemoStore> {
  const { minio } = await build(['minio'], { progress, os: 'linux' });
  const archive = await programImage(
    { tag: IMAGE, binary: minio, user: '65532' },
    cacheFolder('program-images'),
  );
  await cluster.loadImages([archive]);
  const keys = (await existingKeys(cluster)) ?? {
    accessKey: 'windlass',
    secretKey: randomBytes(16).toString('hex'),
  };
  await cluster.kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(keys) }),
  );
  await cluster.kubectl(['rollout', 'status', 'deployment/minio', '-n', NAMESPACE, '--timeout=120s']);
  return { endpoint: `http://minio.${NAMESPACE}.svc:9000`, ...keys };
}

/** The store of an earlier demo keeps its keys. */
async function existingKeys(cluster: Cluster): Promise<Omit<DemoStore, 'endpoint'> | undefined> {
  const text = await cluster.kubectl([
    'get',
    'secret',
    'minio',
    '-n',
    NAMESPACE,
    '--ignore-not-found',
    '-o',
    'json',
  ]);
  if (text.trim() === '') return undefined;
  const { data } = JSON.parse(text) as { readonly data: Readonly<Record<string, string>> };
  const value = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  return { accessKey: value('MINIO_ROOT_USER'), secretKey: value('MINIO_ROOT_PASSWORD') };
}

function objects(keys: Omit<DemoStore, 'endpoint'>): readonly object[] {
  const metadata = { name: 'minio', namespace: NAMESPACE };
  const labels = { app: 'minio' };
  const container = {
    name: 'minio',
    image: IMAGE,
    imagePullPolicy: 'Never',
    args: ['server', '/data', '--address=:9000', '--certs-dir=/tmp/certs', '--quiet'],
    envFrom: [{ secretRef: { name: 'minio' } }],
    ports: [{ name: 's3', containerPort: 9000 }],
    readinessProbe: { httpGet: { path: '/minio/health/ready', port: 's3' }, periodSeconds: 1 },
    resources: { requests: { cpu: '50m', memory: '128Mi' } },
    volumeMounts: [
      { name: 'data', mountPath: '/data' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 65532,
    fsGroup: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'tmp', emptyDir: {} },
  ];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { MINIO_ROOT_USER: keys.accessKey, MINIO_ROOT_PASSWORD: keys.secretKey },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 's3', port: 9000, targetPort: 's3' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        strategy: { type: 'Recreate' },
        template: { metadata: { labels }, spec: { securityContext, containers: [container], volumes } },
      },
    },
  ];
}

/** The store as this machine reaches it, while `work` runs. */
export async function withForward<T>(
  kubectl: string,
  kubeconfig: string,
  work: (endpoint: string) => Promise<T>,
): Promise<T> {
  const args = [`--kubeconfig=${kubeconfig}`, 'port-forward', '-n', NAMESPACE, 'service/minio', ':9000'];
  const child = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  try {
    const port = await new Promise<string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => reject(new Error(`port-forward to the store ended: ${errors.join('\n')}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return await work(`http://127.0.0.1:${port}`);
  } finally {
    child.kill();
  }
}

/** The bucket, without what an earlier demo left in it. */
export async function emptyBucket(endpoint: string, store: DemoStore): Promise<void> {
  const client = new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: store.accessKey, secretAccessKey: store.secretKey },
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'BucketAlreadyOwnedByYou') throw error;
    });
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
    if (keys.length > 0)
      await client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: keys } }));
  } finally {
    client.destroy();
  }
}
