import { sha256 } from '#contract/canonical.ts';
import type { Manifest, Reference } from '#contract/model-manifest.ts';
import type { GraphValue } from '#runtime/engine/session.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import type { DriftSettings } from './settings.ts';

// References and models for the tests of drift.

export const SETTINGS: DriftSettings = { windowSeconds: 3600, minSamples: 200, threshold: 0.2 };

/** The bundle with this drift reference in it. */
export function withReference(files: BundleFiles, reference: Reference): BundleFiles {
  const bytes = Buffer.from(JSON.stringify(reference));
  const manifest = JSON.parse(Buffer.from(files.get('model.json') ?? []).toString()) as Manifest;
  const changed = {
    ...manifest,
    reference: 'reference.json',
    files: { ...manifest.files, 'reference.json': { sha256: sha256(bytes), size: bytes.byteLength } },
  };
  return new Map([...files, ['reference.json', bytes], ['model.json', Buffer.from(JSON.stringify(changed))]]);
}

/** What people of testing.ts's classifierBundle were like: from 20 to 60, two of three French. */
export const LEAVERS: Reference = {
  formatVersion: 1,
  rows: 4000,
  features: {
    Age: {
      kind: 'numeric',
      edges: [19.5, 29.5, 39.5, 49.5, 59.5],
      counts: [1000, 1000, 1000, 1000],
      under: 0,
      over: 0,
      missing: 0,
    },
    Country: { kind: 'categorical', counts: { France: 2600, Spain: 1300 }, other: 0, missing: 100 },
  },
  prediction: {
    kind: 'numeric',
    edges: [0, 0.25, 0.5, 0.75, 1],
    counts: [1000, 1000, 1000, 1000],
    under: 0,
    over: 0,
    missing: 0,
  },
};

/** A manifest of these inputs and outputs, and its graph. */
export function described(
  inputs: readonly GraphValue[],
  outputs: readonly GraphValue[],
  fields: Partial<Manifest> = {},
): {
  readonly manifest: Manifest;
  readonly graph: { inputs: readonly GraphValue[]; outputs: readonly GraphValue[] };
} {
  const manifest: Manifest = {
    formatVersion: 1,
    name: 'model',
    version: '1',
    task: 'generic',
    graph: 'model.onnx',
    files: {},
    inputs: inputs.map((value) => ({ ...value, shape: [...value.shape], required: false, integer: false })),
    outputs: outputs.map((value) => ({ ...value, shape: [...value.shape] })),
    metrics: {},
    ...fields,
  };
  return { manifest, graph: { inputs, outputs } };
}
