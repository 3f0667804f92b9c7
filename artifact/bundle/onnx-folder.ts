import type { ArtifactFile } from '#contract/artifact.ts';
import { MAX_BUNDLE_FILES } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';
import { graphOfMlmodel, MAX_MLMODEL_BYTES, MLMODEL_FILE } from '../mlflow/index.ts';
import { checkExternal, formatBytes, inspectModel } from '../preflight/index.ts';
import type { ObjectInfo } from '../s3/index.ts';
import type { ModelFiles } from './files.ts';
import { accepted, artifactOf, type CheckedModel, digest } from './preflight.ts';

/**
 * Checks an MLflow model's folder whose MLmodel was found as `info`: its ONNX flavour's graph, which is its own schema,
 * and the external data that the graph names. Other files of the folder are no part of the artifact.
 */
export async function preflightMlmodel(
  files: ModelFiles,
  uri: string,
  info: ObjectInfo,
  signal: AbortSignal,
): Promise<CheckedModel> {
  const graphPath = graphOfMlmodel(await readMlmodel(files, info, signal), files.describe(MLMODEL_FILE));
  const found = await statGraph(files, graphPath, signal);
  const external = new Map<string, number>();
  const inspection = await inspectModel(files.read(graphPath, found, signal), {
    name: files.describe(graphPath),
    size: found.size,
    onExternal: (data) =>
      checkExternal(graphPath, (path) => {
        external.set(path, Math.max(external.get(path) ?? 0, data.offset + data.length));
        // How long the file is gets looked up once the graph was read.
        return Number.POSITIVE_INFINITY;
      })(data),
  });
  const { graph, weights } = accepted(inspection);
  if (external.size >= MAX_BUNDLE_FILES) {
    throw new FailureError(
      'InvalidManifest',
      `${files.describe(graphPath)} keeps its tensors in ${external.size} files; the limit is ${MAX_BUNDLE_FILES - 1}. Save them as one (all_tensors_to_one_file).`,
    );
  }
  const data: ArtifactFile[] = [];
  for (const [path, end] of external) data.push(await checkData(files, graphPath, path, end, signal));
  const own = { path: graphPath, ...found, sha256: inspection.sha256 };
  return {
    artifact: { ...artifactOf('onnx', uri, [own, ...data]), graph: graphPath },
    graph,
    weights,
    graphSha256: inspection.sha256,
  };
}

async function readMlmodel(files: ModelFiles, info: ObjectInfo, signal: AbortSignal): Promise<string> {
  const name = files.describe(MLMODEL_FILE);
  if (info.size > MAX_MLMODEL_BYTES) {
    throw new FailureError(
      'InvalidManifest',
      `${name} has ${formatBytes(info.size)}; the limit is ${formatBytes(MAX_MLMODEL_BYTES)}. Log the model again, with a smaller input example.`,
    );
  }
  const parts: Uint8Array[] = [];
  for await (const part of files.read(MLMODEL_FILE, info, signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}

async function statGraph(files: ModelFiles, path: string, signal: AbortSignal): Promise<ObjectInfo> {
  return files.stat(path, signal).catch((error: unknown) => {
    if (!(error instanceof FailureError) || error.reason !== 'NotFound') throw error;
    throw new FailureError(
      'InvalidManifest',
      `${files.describe(MLMODEL_FILE)} names "${path}" as its ONNX graph, and there is no ${files.describe(path)}. Log the model again.`,
      { cause: error },
    );
  });
}

async function checkData(
  files: ModelFiles,
  graphPath: string,
  path: string,
  end: number,
  signal: AbortSignal,
): Promise<ArtifactFile> {
  const info = await files.stat(path, signal).catch((error: unknown) => {
    if (!(error instanceof FailureError) || error.reason !== 'NotFound') throw error;
    throw new FailureError(
      'UnsafeModel',
      `${files.describe(graphPath)} keeps tensors in "${path}", and there is no ${files.describe(path)}. Log the model again, whole.`,
      { cause: error },
    );
  });
  if (end > info.size) {
    throw new FailureError(
      'UnsafeModel',
      `${files.describe(graphPath)} takes bytes up to ${end} from ${files.describe(path)}, which has ${info.size}. Log the model again, whole.`,
    );
  }
  return { path, ...info, sha256: await digest(files.read(path, info, signal)) };
}
