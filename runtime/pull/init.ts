import { formatBytes } from '#artifact/index.ts';
import type { Artifact } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { ENVIRONMENT, type PullConfig } from '#contract/programs.ts';
import { createLogger, type Logger } from '#runtime/log.ts';
import { graphOf, pull, readArtifact } from './pull.ts';
import { TERMINATION_FILE, writeTerminationMessage } from './termination-message.ts';
import { openOrigin } from './origin.ts';
import { trialLoad, trialLoadCommand } from './trial-load.ts';

export interface PullOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly log?: Logger;
  readonly signal?: AbortSignal;
  readonly terminationFile?: string;
  readonly trialLoadCommand?: readonly string[];
}

/** Runs the init container; gives its exit code. A failure is in the log and in the termination message. */
export async function runInit(config: PullConfig, options: PullOptions = {}): Promise<number> {
  const log = options.log ?? createLogger('info', { container: 'pull' });
  const terminationFile = options.terminationFile ?? TERMINATION_FILE;
  const signal = options.signal ?? terminationSignal();
  try {
    await run(config, { ...options, log, terminationFile, signal });
    return 0;
  } catch (error) {
    if (signal.aborted) return 143;
    const failure = (
      error instanceof FailureError
        ? error
        : new FailureError(
            'PullFailed',
            `The pull failed unexpectedly: ${String(error)}. See the container's log.`,
          )
    ).toFailure();
    log.error({ reason: failure.reason, err: error }, failure.message);
    await writeTerminationMessage(failure, terminationFile);
    return 1;
  }
}

/** The first process of a container is not ended by SIGTERM unless it listens to it. */
function terminationSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGTERM', () => controller.abort(new Error('the container is being stopped')));
  return controller.signal;
}

type Settled = PullOptions & Required<Pick<PullOptions, 'log' | 'signal' | 'terminationFile'>>;

async function run(config: PullConfig, options: Settled): Promise<void> {
  const { log, signal, environment = process.env } = options;
  const artifact = await readArtifact(config.artifactFile);
  const origin = await openOrigin(artifact, config, environment);
  const peerToken = environment[ENVIRONMENT.peerToken];
  log.info(
    { uri: artifact.uri, sha256: artifact.sha256, files: artifact.files.length, bytes: artifact.size },
    'pulling',
  );
  await pull({
    artifact,
    target: config.target,
    origin: origin.source,
    log,
    signal,
    ...(config.cache === undefined ? {} : { cache: config.cache }),
    ...(config.peer === undefined ? {} : { peer: config.peer }),
    ...(peerToken === undefined ? {} : { peerToken }),
  });
  origin.close();
  if (config.trialLoad) await tryToLoad(config, artifact, options);
}

async function tryToLoad(config: PullConfig, artifact: Artifact, options: Settled): Promise<void> {
  const { log, signal, terminationFile, environment = process.env } = options;
  const limit = Number(environment[ENVIRONMENT.memoryLimit] ?? '');
  const memoryLimitBytes = Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
  const graph = await graphOf(artifact, config.target);
  // When the kernel ends the whole container for its memory, nothing can be said any more: so it is said before.
  await writeTerminationMessage(killed(artifact, memoryLimitBytes), terminationFile);
  const peakBytes = await trialLoad({
    graph,
    name: artifact.uri,
    command: options.trialLoadCommand ?? trialLoadCommand(config),
    memoryLimitBytes,
    signal,
  });
  await writeTerminationMessage(undefined, terminationFile);
  log.info(
    { peakBytes, ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }) },
    `the model loads, with a peak of ${formatBytes(peakBytes)} of memory`,
  );
}

function killed(artifact: Artifact, limit: number | undefined) {
  const under = limit === undefined ? 'the memory of the node' : `the limit of ${formatBytes(limit)}`;
  return new FailureError(
    'OutOfMemory',
    `${artifact.uri} (${formatBytes(artifact.size)} on disk) was killed while it was loaded for a trial: it needs more memory than ${under}. ` +
      'Raise spec.serving.resources.limits.memory, or make the model smaller.',
  ).toFailure();
}
