import type { Graph, Resolution } from '#artifact/index.ts';
import { FailureError } from '#contract/failure.ts';
import type { ModelInput, ModelOutput } from '#contract/model-manifest.ts';
import type { S3Connection } from '#contract/programs.ts';
import type { ResolvedSource } from './state.ts';

/** A ModelRevision has at most 256 KiB; what the model says of itself is nearly all of it. */
const MODEL_LIMIT_BYTES = 200 * 1024;

/** What a revision keeps of a resolution. Throws FailureError for a description that no revision can hold. */
export function toResolvedSource(
  resolution: Resolution,
  connection: S3Connection | undefined,
): ResolvedSource {
  const { artifact, manifest, graph, marker } = resolution;
  const described =
    manifest === undefined
      ? { ...artifact.registry, inputs: inputsOf(graph), outputs: outputsOf(graph) }
      : {
          name: manifest.name,
          version: manifest.version,
          task: manifest.task,
          inputs: manifest.inputs,
          outputs: manifest.outputs,
          ...(Object.keys(manifest.metrics).length === 0 ? {} : { metrics: manifest.metrics }),
        };
  const model = { ...described, estimatedMemoryBytes: Math.round(graph.estimatedMemoryBytes) };
  const bytes = Buffer.byteLength(JSON.stringify([model, artifact]));
  if (bytes > MODEL_LIMIT_BYTES) {
    throw new FailureError(
      'InvalidManifest',
      `${artifact.uri} describes itself in ${bytes} bytes (inputs, allowed values, outputs, metrics, files), and a ModelRevision holds ${MODEL_LIMIT_BYTES}. Shorten the lists of allowed values, or merge inputs into one tensor.`,
    );
  }
  return { artifact, model, marker, ...(connection === undefined ? {} : { connection }) };
}

/** A bare graph is its own schema. */
function inputsOf({ inputs }: Graph): ModelInput[] {
  return inputs.map(({ name, type, shape }) => ({
    name,
    type,
    shape: [...(shape ?? [])],
    required: true,
    integer: false,
  }));
}

function outputsOf({ outputs }: Graph): ModelOutput[] {
  return outputs.map(({ name, type, shape }) => ({ name, type, shape: [...(shape ?? [])] }));
}
