import { stat } from 'node:fs/promises';
import type { ExecutionProvider } from '#contract/programs.ts';
import { FailureError } from '#contract/failure.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import { compileDrift, DRIFT_DEFAULTS, type Drift, type DriftSettings } from '#runtime/drift/index.ts';
import { ENVIRONMENT } from '#contract/programs.ts';
import { Batcher, type BatcherOptions } from '#runtime/engine/batcher.ts';
import { chooseEngine, type Chosen, type Execution } from '#runtime/engine/choose.ts';
import { closeEngine } from '#runtime/engine/engine.ts';
import { mergesRows, outputDims, sampleTensors, type Samples } from '#runtime/engine/probe.ts';
import { profileSetting, reportProvider, type ProviderReport } from './provider.ts';
import { openSession, type GraphValue, type Session } from '#runtime/engine/session.ts';
import {
  compilePictures,
  PictureReader,
  pixelLimit,
  type PictureProperties,
  type Pictures,
} from '#runtime/image/index.ts';
import { compileAnswer, type AnswerContext } from '#runtime/protocol/answer.ts';
import { compileFeatures } from '#runtime/protocol/features.ts';
import { compileNamedFeatures, type NamedFeatures, type Reader } from '#runtime/protocol/predict.ts';
import { compilePrediction } from '#runtime/protocol/prediction.ts';
import { elementRule } from '#runtime/protocol/scalar.ts';
import { compileV2, v2Metadata } from '#runtime/protocol/v2.ts';
import { exampleRequest, type ExampleRequest } from './example.ts';
import { readGolden, type GoldenRequests } from './golden-pictures.ts';
import { MissingFeatures } from './missing.ts';
import { mergeableSamples, mostOwnRows, wholeSample } from './samples.ts';
import { checkGolden } from './self-test.ts';
import { describeModel } from './schema.ts';
import { readModelSource, type ModelSource } from './source.ts';

/** A model that answers: verified, loaded, self-tested. */
export interface Model {
  readonly manifest: Manifest;
  readonly source: ModelSource;
  /** What the Open Inference Protocol calls it; the manifest's own name is an alias. */
  readonly name: string;
  readonly named: NamedFeatures;
  /** Answers requests whose body is a picture; undefined for a model of named features. */
  readonly pictures: Pictures | undefined;
  readonly v2: Reader;
  readonly v2Metadata: object;
  /** The graph's outputs, in its order. */
  readonly outputs: readonly GraphValue[];
  /** Write the bundle's answers, or fields of them, to GET /health, /model/info and /. */
  readonly answers: Readonly<Record<InfoAnswer, ((context: AnswerContext) => string) | undefined>>;
  readonly example: ExampleRequest;
  readonly merging: boolean;
  /** Most rows of one run. */
  readonly cap: number;
  readonly batcher: Batcher;
  /** Where runs happen, and why there. */
  readonly execution: Execution;
  /** What was asked to run the graph, and what runs which of its nodes. */
  readonly provider: ProviderReport;
  /** How far what it is asked and answers has moved from its training data. */
  readonly drift: Drift;
  /** Features that requests lack. */
  readonly missing: MissingFeatures;
  readonly loadedAt: Date;
  /** Ends worker threads; a batch that runs is finished first. */
  close(): Promise<void>;
}

/** What of model.json's `response` is about the model and no prediction. */
type InfoAnswer = 'health' | 'modelInfo' | 'info';

export interface LoadOptions {
  readonly path: string;
  /** What was pulled, for a graph without model.json. */
  readonly artifactFile?: string | undefined;
  readonly name: string | undefined;
  /** Whole cores of the CPU limit. */
  readonly cores: number;
  readonly maxBatchSize: number;
  readonly executionProvider?: ExecutionProvider | undefined;
  readonly drift?: DriftSettings;
  /** Most pixels of a picture; absent: by the memory limit. */
  readonly maxImagePixels?: number | undefined;
  readonly onRun?: BatcherOptions['onRun'];
  /** Hears of a golden answer that differs, and the model serves all the same; absent: it does not. */
  readonly onGoldenDiffers?: (failure: FailureError) => void;
}

/** Reads, verifies, loads and tries a model. Throws FailureError with the cause when it cannot serve. */
export async function loadModel(options: LoadOptions): Promise<Model> {
  const source = await readModelSource(options.path, options.artifactFile);
  const used = process.memoryUsage.rss();
  const provider = options.executionProvider ?? 'cpu';
  const session = openSession(source.graph, { threads: 1, provider, ...profileSetting() });
  const { size } = await stat(source.graph);
  const memory = { used, model: Math.max(process.memoryUsage.rss() - used, size) };
  const examined = await examine(options, source, session).catch((error: unknown) => {
    abandonProfile(session);
    throw error;
  });
  const { manifest, reader, golden, samples, report, merging } = examined;
  const seenDims = samples === undefined ? undefined : outputDims(session, samples);
  const chosen = await chooseEngine(session, {
    spec: { path: source.graph, provider },
    cores: options.cores,
    sample:
      samples !== undefined && merging
        ? (rows, first) => sampleTensors(session, samples, rows, first)
        : wholeSample(manifest, golden, session),
    limit: merging ? options.maxBatchSize : 1,
    ownLimit: merging ? Math.max(options.maxBatchSize, mostOwnRows(manifest)) : 1,
    openSizes: session.inputs.some(({ shape }) => shape.slice(merging ? 1 : 0).includes(null)),
    memory,
  });
  return compileModel(options, { source, reader, session, manifest, merging, seenDims, chosen, report });
}

interface Examined {
  readonly manifest: Manifest;
  readonly reader: PictureReader | undefined;
  readonly golden: GoldenRequests | undefined;
  /** Rows that may run together; undefined where none may. */
  readonly samples: Samples | undefined;
  readonly report: ProviderReport;
  readonly merging: boolean;
}

/** Whether the graph is what model.json says, and gives the golden answers. Throws FailureError. */
async function examine(options: LoadOptions, source: ModelSource, session: Session): Promise<Examined> {
  const manifest = describeModel(source, session);
  const reader = await openPictures(options, manifest, source.reference?.image !== undefined);
  const golden = await readGolden(source, reader);
  const samples = mergeableSamples(manifest, golden, session);
  const sample =
    samples === undefined ? wholeSample(manifest, golden, session) : () => sampleTensors(session, samples, 1);
  const report = reportProvider(options.executionProvider ?? 'cpu', session, sample);
  const merging = samples !== undefined && mergesRows(session, samples);
  selfTest(options, golden, { session, manifest, merging });
  return { manifest, reader, golden, samples, report, merging };
}

/** A start that fails leaves no profile behind in a folder that outlives the container. */
function abandonProfile(session: Session): void {
  try {
    session.endProfile();
  } catch {
    // It was ended and read already.
  }
}

interface Tried {
  readonly source: ModelSource;
  readonly reader: PictureReader | undefined;
  readonly session: Session;
  readonly manifest: Manifest;
  readonly merging: boolean;
  /** The outputs' dimensions for one row, where there is one to try. */
  readonly seenDims: readonly (readonly number[])[] | undefined;
  readonly chosen: Chosen;
  readonly report: ProviderReport;
}

function selfTest(
  { onGoldenDiffers }: LoadOptions,
  golden: GoldenRequests | undefined,
  { session, manifest, merging }: Pick<Tried, 'session' | 'manifest' | 'merging'>,
): void {
  if (golden === undefined) return;
  try {
    checkGolden(golden, manifest.inputs, session, merging);
  } catch (error) {
    const differs = error instanceof FailureError && error.reason === 'CheckFailed';
    if (!differs || onGoldenDiffers === undefined) throw error;
    onGoldenDiffers(error);
  }
}

async function openPictures(
  { cores, maxImagePixels }: LoadOptions,
  { inputs }: Manifest,
  measure: boolean,
): Promise<PictureReader | undefined> {
  const image = inputs.find((input) => input.image !== undefined)?.image;
  if (image === undefined) return undefined;
  const maxPixels = pixelLimit(maxImagePixels, process.env[ENVIRONMENT.memoryLimit]);
  return PictureReader.open({ image, threads: cores, maxPixels, measure });
}

function compileModel(options: LoadOptions, tried: Tried): Model {
  const { source, reader, session, manifest, merging, seenDims, chosen, report } = tried;
  const { cap, own, engine, execution, msPerRow } = chosen;
  const outputNames = session.outputs.map(({ name }) => name);
  const features = compileFeatures(manifest.inputs, {
    order: session.inputs.map(({ name }) => name),
    merging,
    strict: source.manifest === undefined,
  });
  const v2Model = {
    name: options.name ?? manifest.name,
    version: manifest.version,
    inputs: session.inputs.map((value) => {
      const input = manifest.inputs.find(({ name }) => name === value.name);
      // What a bare graph takes, only the graph knows.
      if (input === undefined || source.manifest === undefined) return value;
      return { ...value, rule: elementRule(input, merging) };
    }),
    outputs: session.outputs,
    merging,
    prediction: compilePrediction(manifest, outputNames),
    ...(seenDims === undefined ? {} : { seenDims }),
  };
  const named = compileNamedFeatures(manifest, outputNames, features);
  const drift = compileDrift(
    { manifest, bundle: source.manifest !== undefined, reference: source.reference, graph: session },
    options.drift ?? DRIFT_DEFAULTS,
  );
  const missing = new MissingFeatures(manifest.inputs, source.reference, session);
  return {
    manifest,
    source,
    name: v2Model.name,
    named,
    pictures:
      reader === undefined
        ? undefined
        : compilePictures({ manifest, named, merging, observe: pictureObserver(drift) }, reader),
    v2: compileV2(v2Model),
    v2Metadata: v2Metadata(v2Model),
    outputs: session.outputs,
    answers: compileInfo(manifest),
    example: exampleRequest(manifest.inputs, merging),
    merging,
    cap,
    batcher: new Batcher(engine, {
      merging,
      cap,
      own,
      msPerRow,
      onRun: options.onRun,
      observe: (inputs, outputs, rows) => {
        missing.observe(inputs, rows);
        if (drift.kind === 'measured') drift.monitor.observe(inputs, outputs);
      },
    }),
    execution,
    provider: report,
    drift,
    missing,
    loadedAt: new Date(),
    close: async () => {
      await Promise.all([reader?.close(), closeEngine(engine)]);
    },
  };
}

function pictureObserver(drift: Drift): (pictures: readonly PictureProperties[]) => void {
  return (pictures) => {
    if (drift.kind === 'measured') drift.monitor.observePictures(pictures);
  };
}

function compileInfo(manifest: Manifest): Model['answers'] {
  const compiled = (name: InfoAnswer): Model['answers'][InfoAnswer] => {
    const fields = manifest.response?.[name];
    return fields === undefined ? undefined : compileAnswer(manifest, fields, `response.${name}`);
  };
  return { health: compiled('health'), modelInfo: compiled('modelInfo'), info: compiled('info') };
}
