import { z } from 'zod';

// The part of KServe's v1beta1 InferenceService that has a counterpart here. Other fields are kept, to be named.

const texts = z.record(z.string(), z.string());
const quantity = z.union([z.string(), z.number()]);

const resourcesSchema = z.looseObject({
  requests: z.record(z.string(), quantity).optional(),
  limits: z.record(z.string(), quantity).optional(),
});

/** `model`, `onnx`, `triton` and the others: a container with the place of a model. */
const frameworkSchema = z.looseObject({
  modelFormat: z.looseObject({ name: z.string(), version: z.string().optional() }).optional(),
  runtime: z.string().optional(),
  protocolVersion: z.string().optional(),
  storageUri: z.string().optional(),
  storage: z
    .looseObject({
      key: z.string().optional(),
      path: z.string().optional(),
      parameters: texts.optional(),
    })
    .optional(),
  resources: resourcesSchema.optional(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).optional(),
});
export type Framework = z.infer<typeof frameworkSchema>;

const predictorSchema = z.looseObject({
  model: frameworkSchema.optional(),
  onnx: frameworkSchema.optional(),
  triton: frameworkSchema.optional(),
  minReplicas: z.int().optional(),
  maxReplicas: z.int().optional(),
  scaleTarget: z.int().optional(),
  scaleMetric: z.string().optional(),
  canaryTrafficPercent: z.int().optional(),
  batcher: z.looseObject({ maxBatchSize: z.int().optional() }).optional(),
  serviceAccountName: z.string().optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
});
export type Predictor = z.infer<typeof predictorSchema>;

export const inferenceServiceSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: texts.optional(),
    annotations: texts.optional(),
  }),
  spec: z.looseObject({ predictor: predictorSchema }),
});
export type InferenceService = z.infer<typeof inferenceServiceSchema>;

/** Formats of KServe that are no ONNX, and what makes ONNX of them. */
const EXPORTERS: Readonly<Record<string, string>> = {
  sklearn: 'skl2onnx (training/ does it for the five systems)',
  xgboost: 'onnxmltools',
  lightgbm: 'onnxmltools',
  pytorch: 'torch.onnx.export',
  tensorflow: 'tf2onnx',
  paddle: 'paddle2onnx',
  huggingface: 'optimum-cli export onnx',
  mlflow: 'an ONNX flavour (mlflow.onnx.log_model) and a URI models:/NAME/VERSION',
  pmml: 'no exporter that keeps its answers: train it again with a library that has one',
};

export interface ServedModel {
  /** The predictor's field: model, onnx or triton. */
  readonly field: 'model' | 'onnx' | 'triton';
  readonly framework: Framework;
  /** Triton keeps models as NAME/VERSION/model.onnx below the storage path. */
  readonly repository: boolean;
}

/** The predictor's ONNX model, or why it has none that could be served here. */
export function servedModel(predictor: Predictor): ServedModel | { readonly refused: string } {
  const { model, onnx, triton } = predictor;
  if (model !== undefined) {
    const format = model.modelFormat?.name.toLowerCase();
    if (format !== 'onnx') return { refused: refusal(format) };
    return { field: 'model', framework: model, repository: /triton/.test(model.runtime ?? '') };
  }
  if (onnx !== undefined) return { field: 'onnx', framework: onnx, repository: false };
  if (triton !== undefined) return { field: 'triton', framework: triton, repository: true };
  const other = Object.keys(EXPORTERS).find((format) => Object.hasOwn(predictor, format));
  if (other !== undefined) return { refused: refusal(other) };
  const what = Object.hasOwn(predictor, 'containers')
    ? 'its model is served by a container of its own'
    : 'its predictor names no model';
  return {
    refused: `${what}; Windlass serves ONNX graphs with its own runtime: export the model as ONNX, then kubectl windlass init`,
  };
}

function refusal(format: string | undefined): string {
  if (format === undefined) return 'spec.predictor.model has no modelFormat; Windlass serves onnx';
  const exporter = EXPORTERS[format];
  const how = exporter === undefined ? 'export the model as ONNX' : `make ONNX of it with ${exporter}`;
  return `its format is ${format}, and Windlass serves ONNX: ${how}, put it into S3 (kubectl windlass push), and write its manifest with kubectl windlass init`;
}
