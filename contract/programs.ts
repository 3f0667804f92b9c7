import { z } from 'zod';

/** What runs a model's nodes: `cuda` needs the CUDA build of the runtime image and an NVIDIA GPU. */
export const executionProviderSchema = z.enum(['cpu', 'cuda']);
export type ExecutionProvider = z.infer<typeof executionProviderSchema>;

/**
 * The flags of `runtime serve` and `runtime pull`, as one versioned JSON value in the argument `--config`, because a pod
 * template is written once and must still be understood by the next two releases of the runtime.
 * A person may give the single flags of `runtime serve --help` instead.
 */
export const serveConfigSchema = z.object({
  formatVersion: z.literal(1),
  /** A bundle's folder, or a bare .onnx file. */
  model: z.string(),
  port: z.int().min(0).max(65535).default(8080),
  /** Absent: no files are given to other pods. */
  peerPort: z.int().min(0).max(65535).optional(),
  host: z.string().default('0.0.0.0'),
  /** The ModelDeployment's name and namespace, and the ModelRevision's name. */
  name: z.string().optional(),
  namespace: z.string().optional(),
  revision: z.string().optional(),
  /** sha256 of the artifact, for model_info. */
  sha256: z.string().optional(),
  /** The artifact as JSON, for a graph without model.json: its name and version in a registry, its external data. */
  artifactFile: z.string().optional(),
  /** The mounted traffic file. */
  trafficFile: z.string().optional(),
  maxBatchSize: z.int().min(1).max(4096).default(64),
  /** Absent: cpu. */
  executionProvider: executionProviderSchema.optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});
export type ServeConfig = Readonly<z.infer<typeof serveConfigSchema>>;

/** Where an S3-compatible store is and how to talk to it; without keys. */
export const s3ConnectionSchema = z.strictObject({
  endpoint: z.url().optional(),
  region: z.string().max(64).optional(),
  /** Absent: path style where an endpoint is given. */
  pathStyle: z.boolean().optional(),
  anonymous: z.boolean().optional(),
  /** PEM; trusted beside the system's roots. */
  ca: z.string().optional(),
});
export type S3Connection = Readonly<z.infer<typeof s3ConnectionSchema>>;

export const pullConfigSchema = z.object({
  formatVersion: z.literal(1),
  /** A file with the artifact (contract/artifact.ts) as JSON: the downward API's view of the pod's annotation. */
  artifactFile: z.string(),
  /** The folder that the files go to. */
  target: z.string(),
  /** The Secret's mounted folder; may be absent or empty (pod identity). Read at each start: credentials rotate. */
  credentials: z.string().optional(),
  /** What the Secret's annotations say (KServe), which a mounted Secret does not show. */
  connection: s3ConnectionSchema.optional(),
  /** A content-addressed cache folder on a volume that outlives the pod. */
  cache: z.string().optional(),
  /** Base URL of ready pods of the same revision, for example http://bankchurn-0123456789.churn.svc:8081 */
  peer: z.url().optional(),
  /** Trial load after the pull, to report its peak of memory. */
  trialLoad: z.boolean().default(true),
});
export type PullConfig = Readonly<z.infer<typeof pullConfigSchema>>;

/** Environment variables beside `--config`. */
export const ENVIRONMENT = {
  /** The pod's memory limit in bytes (downward API). */
  memoryLimit: 'WINDLASS_MEMORY_LIMIT',
  /** The pod's CPU limit in millicores (downward API, divisor 1m). */
  cpuLimit: 'WINDLASS_CPU_LIMIT',
  /** What a pod of the same revision must present to be given files: the ModelRevision's UID. */
  peerToken: 'WINDLASS_PEER_TOKEN',
  podName: 'WINDLASS_POD_NAME',
} as const;

/** `runtime resolve`: what the operator's Job runs where the tenant's pod identity reads the model. */
export const resolveConfigSchema = z.object({
  formatVersion: z.literal(1),
  uri: z.string(),
  versionId: z.string().optional(),
  sha256: z.string().optional(),
  memoryLimit: z.int().positive().optional(),
});
export type ResolveConfig = Readonly<z.infer<typeof resolveConfigSchema>>;
