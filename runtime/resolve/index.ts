/** `runtime resolve`: reads and checks a model as the pod's own identity, where the operator may not use its own. */
import {
  connectionFromEnvironment,
  createMlflowServer,
  createS3Store,
  formatResolveLog,
  isRegistryUri,
  mlflowFromEnvironment,
  type MlflowServer,
  type Resolution,
  resolveModel,
  type S3Store,
} from '#artifact/index.ts';
import { FailureError } from '#contract/failure.ts';
import type { ResolveConfig } from '#contract/programs.ts';
import { podAddresses } from '#runtime/pull/index.ts';
import { TERMINATION_FILE, writeTerminationMessage } from '#runtime/pull/termination-message.ts';

export interface ResolveOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly print?: (line: string) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly terminationFile?: string;
}

/** Where messages look for MLFLOW_TRACKING_URI. */
const MLFLOW_SETTINGS =
  'spec.serving.pod.env (for credentials name a Secret in spec.model.credentials instead)';

/** Prints one line, `windlass-resolution: {...}` or `windlass-failure: {...}`; gives the exit code. */
export async function runResolve(config: ResolveConfig, options: ResolveOptions = {}): Promise<number> {
  const { environment = process.env, print = printLine, signal = new AbortController().signal } = options;
  try {
    const resolution = await resolve(
      config,
      openStore(environment),
      openMlflow(config.uri, environment),
      signal,
    );
    await print(formatResolveLog({ kind: 'resolved', resolution }));
    return 0;
  } catch (error) {
    const failure = (
      error instanceof FailureError
        ? error
        : new FailureError('SourceUnavailable', `The model could not be resolved: ${String(error)}`)
    ).toFailure();
    await print(formatResolveLog({ kind: 'failed', failure }));
    await writeTerminationMessage(failure, options.terminationFile ?? TERMINATION_FILE);
    return 1;
  }
}

function openStore(environment: Readonly<Record<string, string | undefined>>): S3Store {
  const { connection } = connectionFromEnvironment(environment);
  return createS3Store({ connection, podIdentity: true, addresses: podAddresses(environment) });
}

/** The tracking server of a registered model; it has no identity of its own to lend, so its access is in the environment. */
function openMlflow(
  uri: string,
  environment: Readonly<Record<string, string | undefined>>,
): MlflowServer | undefined {
  if (!isRegistryUri(uri)) return undefined;
  const access = mlflowFromEnvironment(environment, MLFLOW_SETTINGS);
  return createMlflowServer({ ...access, addresses: podAddresses(environment) });
}

function resolve(
  config: ResolveConfig,
  s3: S3Store,
  mlflow: MlflowServer | undefined,
  signal: AbortSignal,
): Promise<Resolution> {
  const { uri, versionId, sha256, memoryLimit } = config;
  return resolveModel({
    source: {
      uri,
      ...(versionId === undefined ? {} : { versionId }),
      ...(sha256 === undefined ? {} : { sha256 }),
    },
    s3,
    ...(mlflow === undefined ? {} : { mlflow }),
    signal,
    ...(memoryLimit === undefined ? {} : { memoryLimitBytes: memoryLimit }),
  });
}

function printLine(line: string): Promise<void> {
  return new Promise((done) => process.stdout.write(`${line}\n`, () => done()));
}
