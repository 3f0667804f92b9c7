import { z } from 'zod';
import { FailureError } from '#contract/failure.ts';
import { below, parseLocation } from './location.ts';
import { describeReference, type RegistryReference } from './uri.ts';

/** A version of a registered model, and where its files are: below an S3 prefix, or behind the tracking server. */
export interface RegisteredVersion {
  readonly name: string;
  readonly version: string;
  /** When it was made: a model that was deleted and made anew counts its versions from 1 again. */
  readonly createdAt: number;
  readonly location:
    { readonly by: 's3'; readonly uri: string } | { readonly by: 'mlflow'; readonly path: string };
}

/** One request to the REST API with an answer of this shape; `what` is read, for messages. */
type Ask = <T>(
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  what: string,
  signal: AbortSignal,
) => Promise<T>;

export interface Registry {
  readonly ask: Ask;
  readonly url: string;
  readonly host: string;
}

const versionSchema = z.object({
  model_version: z.object({
    name: z.string().min(1),
    version: z.coerce.string().regex(/^[0-9]{1,10}$/),
    creation_timestamp: z.coerce.number().default(0),
    status: z.string().default('READY'),
  }),
});
const downloadSchema = z.object({ artifact_uri: z.string().min(1).max(4096) });
const runSchema = z.object({
  run: z.object({
    info: z.object({ artifact_uri: z.string().min(1) }),
    outputs: z
      .object({ model_outputs: z.array(z.object({ model_id: z.string() })).default([]) })
      .default({ model_outputs: [] }),
  }),
});
const loggedModelSchema = z.object({
  model: z.object({ info: z.object({ artifact_uri: z.string().min(1), name: z.string().default('') }) }),
});

/** A `models:/` or `runs:/` source leads to another place, which is not one of these again. */
const MOST_STEPS = 3;
/** More models than this are not looked through for the one that a `runs:/` source means. */
const MOST_OUTPUTS = 20;

/** Asks the registry which version is meant, and follows its source to where the files are. */
export async function findVersion(
  reference: RegistryReference,
  registry: Registry,
  signal: AbortSignal,
): Promise<RegisteredVersion> {
  const { name, version, createdAt } = await versionOf(reference, registry, signal);
  const what = `models:/${name}/${version}`;
  const { artifact_uri: uri } = await registry.ask(
    'mlflow/model-versions/get-download-uri',
    { name, version },
    downloadSchema,
    what,
    signal,
  );
  return { name, version, createdAt, location: await follow(uri, what, registry, signal) };
}

async function versionOf(reference: RegistryReference, { ask, host }: Registry, signal: AbortSignal) {
  const what = describeReference(reference);
  const { name } = reference;
  const [path, query] =
    reference.by === 'alias'
      ? ['mlflow/registered-models/alias', { name, alias: reference.alias }]
      : ['mlflow/model-versions/get', { name, version: reference.version }];
  const { model_version: found } = await ask(path, query, versionSchema, what, signal).catch(
    (error: unknown) => {
      throw isMissing(error) ? missing(reference, host, error) : error;
    },
  );
  if (found.status !== 'READY') {
    throw new FailureError(
      'SourceUnavailable',
      `models:/${name}/${found.version} at the MLflow server ${host} is not ready (${found.status.slice(0, 64)}). Wait until its registration is complete, or register it again.`,
    );
  }
  return { name: found.name, version: found.version, createdAt: found.creation_timestamp };
}

/** MLflow answers 404 for a model or version that is not there, and 400 for an alias. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof FailureError)) return false;
  const status = (error.cause as { readonly status?: unknown } | undefined)?.status;
  return status === 404 || status === 400;
}

function missing(reference: RegistryReference, host: string, cause: unknown): FailureError {
  const { name } = reference;
  const message =
    reference.by === 'alias'
      ? `The MLflow server ${host} has no alias "${reference.alias}" of a registered model "${name}". Set it (windlass-train promote, or in MLflow), or correct spec.model.uri.`
      : `The MLflow server ${host} has no version ${reference.version} of a registered model "${name}". Register it, or correct spec.model.uri.`;
  return new FailureError('NotFound', message, { cause });
}

async function follow(
  first: string,
  what: string,
  registry: Registry,
  signal: AbortSignal,
): Promise<RegisteredVersion['location']> {
  let uri = first;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const location = parseLocation(uri, what, registry.url);
    if (location.by === 's3' || location.by === 'mlflow') return location;
    uri =
      location.by === 'run'
        ? await ofRun(location.runId, location.path, what, registry, signal)
        : (await loggedModel(location.modelId, what, registry, signal)).artifact_uri;
  }
  throw new FailureError(
    'NotFound',
    `The source of ${what} at the MLflow server ${registry.host} leads from one models:/ or runs:/ URI to the next. Register it with the place of its files.`,
  );
}

/** Where a run keeps what is at `path`: since MLflow 3 a model that it logged has a place of its own. */
async function ofRun(
  runId: string,
  path: string,
  what: string,
  registry: Registry,
  signal: AbortSignal,
): Promise<string> {
  const { run } = await registry.ask(
    'mlflow/runs/get',
    { run_id: runId },
    runSchema,
    `run ${runId} of ${what}`,
    signal,
  );
  for (const { model_id: modelId } of run.outputs.model_outputs.slice(0, MOST_OUTPUTS)) {
    const model = await loggedModel(modelId, what, registry, signal);
    if (model.name === path) return model.artifact_uri;
  }
  return below(run.info.artifact_uri, path);
}

async function loggedModel(modelId: string, what: string, { ask }: Registry, signal: AbortSignal) {
  const { model } = await ask(
    `mlflow/logged-models/${encodeURIComponent(modelId)}`,
    {},
    loggedModelSchema,
    `logged model ${modelId} of ${what}`,
    signal,
  );
  return model.info;
}
