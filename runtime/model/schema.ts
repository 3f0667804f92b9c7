import { FailureError } from '#contract/failure.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import type { GraphValue, Session } from '#runtime/engine/session.ts';
import type { ModelSource } from './source.ts';

/** The model's own description: model.json, checked against the graph, or what the graph alone tells. */
export function describeModel(source: ModelSource, session: Session): Manifest {
  if (source.manifest !== undefined) {
    checkGraph(source.manifest, session);
    return source.manifest;
  }
  return {
    formatVersion: 1,
    name: (source.registered?.name ?? source.fallbackName).slice(0, 128) || 'model',
    version: source.registered?.version ?? '1',
    task: 'generic',
    graph: source.graph,
    files: {},
    inputs: session.inputs.map(({ name, type, shape }) => ({
      name,
      type,
      shape: [...shape],
      required: true,
      integer: false,
    })),
    outputs: session.outputs.map(({ name, type, shape }) => ({ name, type, shape: [...shape] })),
    metrics: {},
  };
}

/** Refuses a model.json that describes another graph. */
function checkGraph(manifest: Manifest, session: Session): void {
  compare('inputs', manifest.inputs, session.inputs);
  compare('outputs', manifest.outputs, session.outputs);
  for (const { name } of session.inputs) {
    if (!manifest.inputs.some((input) => input.name === name)) {
      throw mismatch(`inputs lacks "${name}", which the graph needs`);
    }
  }
}

function compare(
  field: 'inputs' | 'outputs',
  described: readonly GraphValue[],
  actual: readonly GraphValue[],
): void {
  for (const [index, { name, type, shape }] of described.entries()) {
    const value = actual.find((candidate) => candidate.name === name);
    const where = `${field}[${index}] "${name}"`;
    if (value === undefined) {
      throw mismatch(
        `${where} is not in the graph, whose ${field} are ${actual.map((v) => v.name).join(', ')}`,
      );
    }
    if (value.type !== type) throw mismatch(`${where} is ${type}, in the graph ${value.type}`);
    const fits =
      value.shape.length === shape.length &&
      shape.every((dim, i) => dim === value.shape[i] || (dim !== null && value.shape[i] === null));
    // An exporter may leave an output's shape open, so only what both sides state can contradict.
    const open = field === 'outputs' && value.shape.length === 0;
    if (!fits && !open)
      throw mismatch(`${where} has shape ${text(shape)}, in the graph ${text(value.shape)}`);
  }
}

function text(shape: GraphValue['shape']): string {
  return `[${shape.map((dim) => dim ?? 'any').join(', ')}]`;
}

function mismatch(message: string): FailureError {
  return new FailureError(
    'InvalidManifest',
    `model.json does not describe its graph: ${message}; write the bundle again from this graph`,
  );
}
