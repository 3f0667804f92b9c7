import {
  connectionFromEnvironment,
  connectionFromFolder,
  createMlflowServer,
  createS3Store,
  type MlflowAccess,
  mlflowFromEnvironment,
  mlflowFromFolder,
  pathOfProxiedUri,
  type S3Access,
} from '#artifact/index.ts';
import type { Artifact } from '#contract/artifact.ts';
import type { PullConfig } from '#contract/programs.ts';
import { mlflowSource } from './mlflow-source.ts';
import { podAddresses } from './pod-addresses.ts';
import { s3Source } from './s3-source.ts';
import type { Source } from './source.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where an artifact was found, opened with what the pod may use. */
export interface Origin {
  readonly source: Source;
  readonly close: () => void;
}

/** With a peer to ask, the store has this long to show that it is there. */
const QUICK_TIMING = {
  connectTimeoutMs: 2_000,
  requestTimeoutMs: 4_000,
  stallTimeoutMs: 10_000,
  attempts: 2,
};

export async function openOrigin(
  artifact: Artifact,
  config: PullConfig,
  environment: Environment,
): Promise<Origin> {
  const addresses = podAddresses(environment);
  const timing = config.peer === undefined ? {} : { timing: QUICK_TIMING };
  if (pathOfProxiedUri(artifact.uri) !== undefined) {
    const server = createMlflowServer({ ...(await mlflowAccess(config, environment)), addresses, ...timing });
    return { source: mlflowSource(server, artifact), close: () => server.close() };
  }
  const access = await s3Access(config, environment);
  const store = createS3Store({
    ...access,
    podIdentity: access.credentials === undefined,
    addresses,
    bufferBytes: 1024 * 1024,
    ...timing,
  });
  return { source: s3Source(store, artifact), close: () => store.close() };
}

async function mlflowAccess(config: PullConfig, environment: Environment): Promise<MlflowAccess> {
  const fromSecret =
    config.credentials === undefined
      ? undefined
      : await mlflowFromFolder(config.credentials, 'the credentials Secret');
  if (fromSecret !== undefined) return fromSecret;
  const where =
    config.credentials === undefined
      ? 'spec.serving.pod.env'
      : 'the credentials Secret, nor in spec.serving.pod.env';
  return mlflowFromEnvironment(environment, where);
}

async function s3Access(config: PullConfig, environment: Environment): Promise<S3Access> {
  if (config.credentials === undefined) return connectionFromEnvironment(environment, config.connection);
  const access = await connectionFromFolder(config.credentials, config.connection);
  const isEmpty = access.credentials === undefined && Object.keys(access.connection).length === 0;
  return isEmpty ? connectionFromEnvironment(environment) : access;
}
