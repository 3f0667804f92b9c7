import { Readable } from 'node:stream';
import { parseAllDocuments, stringify } from 'yaml';
import { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import type { Io } from '../io.ts';
import { convertFile, type ConvertOptions } from './command.ts';

// InferenceServices for tests, and the command with what it wrote.

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was written, each valid. */
  readonly deployments: readonly {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: object };
    readonly spec: Readonly<Record<string, unknown>>;
  }[];
}

export async function run(text: string, options: Partial<ConvertOptions> = {}): Promise<Outcome> {
  const written = { out: '', err: '' };
  const io: Io = {
    out: (more) => (written.out += more),
    err: (more) => (written.err += more),
    stdout: {},
    stdin: Readable.from([text]),
    env: {},
    now: () => new Date(0),
    signal: new AbortController().signal,
  };
  const code = await convertFile({ filename: '-', ...options }, io);
  const deployments = parseAllDocuments(written.out)
    .map((document): unknown => document.toJS())
    .filter((value): value is Outcome['deployments'][0] => value !== null);
  for (const { spec } of deployments) modelDeploymentSpecSchema.parse(spec);
  return { code, ...written, deployments };
}

/** Without Knative; where nothing is said, KServe takes its older default. */
export const STANDARD = { annotations: { 'serving.kserve.io/deploymentMode': 'Standard' } };
export const ON_KNATIVE = { annotations: {} };

export const service = (predictor: object, more: object = {}, metadata: object = {}): string =>
  stringify({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name: 'churn', ...STANDARD, ...metadata },
    spec: { predictor, ...more },
  });

/** The least that can be converted. */
export const ONNX = { modelFormat: { name: 'onnx' }, storageUri: 's3://models/churn/model.onnx' };
