import type { Server } from 'node:http';
import { FailureError, type Failure } from '#contract/failure.ts';
import { ENVIRONMENT } from '#contract/programs.ts';
import type { ServeOptions } from '#runtime/config.ts';
import { EngineError } from '#runtime/engine/lane.ts';
import { readCpuFacts, threadsFor } from '#runtime/engine/threads.ts';
import { memoryLimit } from '#runtime/engine/memory.ts';
import { Admission } from '#runtime/http/admission.ts';
import { createApp } from '#runtime/http/app.ts';
import { closeGracefully, createFront, listen } from '#runtime/http/front.ts';
import { Gate } from '#runtime/http/gate.ts';
import { PredictionEndpoint } from '#runtime/http/predictions.ts';
import { createLogger, type Logger } from '#runtime/log.ts';
import { Metrics } from '#runtime/metrics.ts';
import { loadModel, type Model } from '#runtime/model/load.ts';
import { prepareForwarding } from '#runtime/traffic/forward.ts';
import { missingText } from '#runtime/model/missing.ts';
import { predictionScale } from '#runtime/model/scale.ts';
import { createPeerServer } from '#runtime/peer.ts';
import { ServiceState } from '#runtime/state.ts';
import { diedLoading, diedOf, diedServing, TerminationMessage, type Serving } from '#runtime/termination.ts';
import { TrafficPlane } from '#runtime/traffic/plane.ts';
import { watchTraffic, type TrafficWatch } from '#runtime/traffic/watch.ts';
import { VERSION } from '#runtime/version.ts';

/** Answers on their way get so long after the last connection was taken. */
const FINISH_MS = 20_000;
/** After a worker thread has ended, callers get their 503 for so long. */
const CRASHED_MS = 1000;
const MISSING_LOOK_MS = 60_000;
/** Of the memory limit, what the bodies of requests may hold. */
const HELD_SHARE = 0.15;
/** A longer answer of another revision is not held. */
const MAX_FORWARDED_ANSWER = 64 * 1024 * 1024;

/** How the server is told to stop. */
export interface Shutdown {
  /** Resolves when the process shall go: with a grace for connections, or without. */
  readonly requested: Promise<'drain' | 'stop'>;
  /** Resolves when it shall go faster. */
  readonly hurried: Promise<void>;
}

export interface ServeHooks {
  readonly shutdown: Shutdown;
  /** The model serves at this port. */
  readonly onReady?: (model: Model, port: number) => void;
}

/** Serves a model until it is told to stop. Resolves to the process's exit code. */
export async function runServe(options: ServeOptions, { shutdown, onReady }: ServeHooks): Promise<number> {
  const log = createLogger(options.logLevel, logFields(options));
  const service = createService(options, log);
  const last = new TerminationMessage(options.terminationMessageFile);
  const port = await listen(service.front, options.port, options.host);
  log.info({ port, version: VERSION }, 'listening; loading the model');
  let peer: Server | undefined;
  let watch: TrafficWatch | undefined;
  let loaded: Loaded;
  try {
    watch = await followTraffic(options, service, log);
    last.write(diedLoading(servingOf(options)));
    loaded = await load(options, service, log);
    peer = await openPeer(options, service.state, log);
    if (options.trafficFile !== undefined) await prepareForwarding();
  } catch (error) {
    last.write(logged(failureOf(error), error, log));
    await closeAll(service, { peer, watch });
    return 1;
  }
  const { model, facts, missingWatch } = loaded;
  const serving = servingOf(options, model);
  last.write(diedServing(serving));
  service.state.model = model;
  log.info(facts, 'the model serves');
  onReady?.(model, port);
  const ending = await Promise.race([shutdown.requested, model.batcher.crashed]);
  if (ending instanceof EngineError) {
    last.write(logged(diedOf(ending, serving), ending, log));
    service.state.model = undefined;
    await closeGracefully(service.front, CRASHED_MS);
  } else {
    await drain(service, ending === 'drain' ? options.drainSeconds : 0, shutdown, log);
    last.clear();
  }
  clearInterval(missingWatch);
  await closeAll(service, { peer, watch });
  await model.close();
  return ending instanceof EngineError ? 1 : 0;
}

function logged(failure: Failure, error: unknown, log: Logger): Failure {
  const known = error instanceof FailureError;
  log.error({ reason: failure.reason, ...(known ? {} : { err: error }) }, failure.message);
  return failure;
}

/** For a fault that nobody caught: the process cannot go on, and says why. */
export function recordFault(options: ServeOptions, error: unknown): void {
  const failure = diedOf(error, servingOf(options));
  new TerminationMessage(options.terminationMessageFile).write(failure);
  logged(failure, error, createLogger(options.logLevel, logFields(options)));
}

function servingOf({ name, revision, model: path }: ServeOptions, model?: Model): Serving {
  const known = model === undefined ? undefined : `"${model.name}" version ${model.manifest.version}`;
  return { model: known ?? (name === undefined ? path : `"${name}"`), revision: revision ?? 'local' };
}

async function closeAll(
  { front, traffic, gate }: Service,
  { peer, watch }: { readonly peer: Server | undefined; readonly watch: TrafficWatch | undefined },
): Promise<void> {
  for (const server of [front, peer]) {
    server?.close();
    server?.closeAllConnections();
  }
  watch?.close();
  gate.close();
  await traffic.close();
}

interface Loaded {
  readonly model: Model;
  /** What the log says of it. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly missingWatch: NodeJS.Timeout;
}

interface Service {
  readonly state: ServiceState;
  readonly metrics: Metrics;
  readonly traffic: TrafficPlane;
  readonly gate: Gate;
  readonly front: Server;
}

function createService(options: ServeOptions, log: Logger): Service {
  const state = new ServiceState(options.revision);
  const metrics = new Metrics();
  const traffic = new TrafficPlane({
    state,
    metrics,
    log,
    stableDeadlineMs: options.forwardTimeoutSeconds * 1000,
    maxAnswerBytes: MAX_FORWARDED_ANSWER,
  });
  const { maxBodyBytes } = options;
  const gate = new Gate({
    admission: new Admission({ maxWaitMs: options.maxWaitMs }),
    maxHeldBytes: HELD_SHARE * memoryLimit(),
    backlog: () => state.model?.batcher.backlog,
    refused: () => metrics.refused(),
    warn: (message) => log.warn(message),
  });
  const predictions = new PredictionEndpoint({ state, metrics, traffic, log, maxBodyBytes, gate });
  const app = createApp({ state, metrics, traffic, version: VERSION, maxWaitMs: () => gate.limitMs });
  const front = createFront({
    state,
    metrics,
    predictions,
    app,
    requestTimeoutMs: options.requestTimeoutSeconds * 1000,
    log,
  });
  return { state, metrics, traffic, gate, front };
}

async function load(options: ServeOptions, { state, metrics }: Service, log: Logger): Promise<Loaded> {
  const cores = threadsFor(readCpuFacts());
  const started = performance.now();
  const model = await loadModel({
    path: options.model,
    artifactFile: options.artifactFile,
    name: options.name,
    cores,
    maxBatchSize: options.maxBatchSize,
    executionProvider: options.executionProvider,
    drift: {
      windowSeconds: options.driftWindowSeconds,
      minSamples: options.driftMinSamples,
      threshold: options.driftThreshold,
    },
    maxImagePixels: options.maxImagePixels,
    onRun: (rows, seconds) => metrics.ran(rows, seconds),
    ...(state.servesAlready
      ? { onGoldenDiffers: ({ message }) => log.warn(`${message} It is stable already, so it serves on.`) }
      : {}),
  });
  const { manifest, source, merging, cap, execution, provider } = model;
  const sha256 = options.sha256 ?? source.sha256;
  metrics.modelLoaded(
    { revision: state.revisionName, version: manifest.version, sha256 },
    predictionScale(manifest, source.reference),
  );
  startDrift(model, metrics, log);
  const missingWatch = watchMissing(model, log);
  const facts = {
    model: manifest.name,
    modelVersion: manifest.version,
    sha256,
    cores,
    execution,
    executionProvider: provider.executionProvider,
    nodes: provider.text,
    merging,
    rowsPerRun: cap,
    golden: source.golden?.rows.length ?? 0,
    seconds: Math.round(performance.now() - started) / 1000,
  };
  return { model, facts, missingWatch };
}

/** A bundle without a reference is worth a warning; a bare graph cannot have one. */
function startDrift({ drift, source }: Model, metrics: Metrics, log: Logger): void {
  if (drift.kind === 'measured') {
    metrics.measureDrift(drift.monitor);
    const { compared, notCompared } = drift.monitor;
    log.info({ compared: compared.map(({ name }) => name), notCompared }, 'drift is measured');
  } else if (source.manifest === undefined) {
    log.info(drift.message);
  } else {
    log.warn(drift.message);
  }
}

function watchMissing({ missing }: Model, log: Logger): NodeJS.Timeout {
  const look = (): void => {
    for (const found of missing.look(performance.now())) log.warn(found, missingText(found));
  };
  return setInterval(look, MISSING_LOOK_MS).unref();
}

async function followTraffic(
  { trafficFile }: ServeOptions,
  { traffic: plane }: Service,
  log: Logger,
): Promise<TrafficWatch | undefined> {
  if (trafficFile === undefined) return undefined;
  return watchTraffic(trafficFile, {
    changed: (traffic) => plane.apply(traffic),
    failed: (message) => log.error(message),
  });
}

async function openPeer(
  { peerPort, host }: ServeOptions,
  state: ServiceState,
  log: Logger,
): Promise<Server | undefined> {
  if (peerPort === undefined) return undefined;
  const token = process.env[ENVIRONMENT.peerToken] ?? '';
  if (token === '') {
    log.warn(`${ENVIRONMENT.peerToken} is not set: no files are given to other pods`);
    return undefined;
  }
  const peer = createPeerServer(state, token);
  const port = await listen(peer, peerPort, host);
  log.info({ port }, 'model files are given to pods of this revision');
  return peer;
}

/** Readiness off, answers that end their connections, then no new connections, then the last answers. */
async function drain(
  { state, front }: Service,
  graceSeconds: number,
  { hurried }: Shutdown,
  log: Logger,
): Promise<void> {
  state.draining = true;
  log.info({ graceSeconds }, 'draining');
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceSeconds * 1000);
  });
  await Promise.race([grace, hurried]);
  clearTimeout(timer);
  const { cut } = await closeGracefully(front, FINISH_MS);
  if (cut) log.warn(`requests were still unanswered after ${FINISH_MS / 1000} s and were cut`);
  log.info('stopped');
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.toFailure();
  return new FailureError('LoadFailed', `the runtime could not start: ${String(error)}`).toFailure();
}

function logFields({ name, namespace, revision }: ServeOptions): Readonly<Record<string, string>> {
  const pod = process.env[ENVIRONMENT.podName];
  return {
    ...(name === undefined ? {} : { modelDeployment: name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(revision === undefined ? {} : { revision }),
    ...(pod === undefined ? {} : { pod }),
  };
}
