import { z } from 'zod';
import { bundlePathSchema, MAX_BUNDLE_FILES, sha256Schema } from './artifact.ts';
import { imageInputSchema, imageTensorProblem } from './image-input.ts';
import { imagePropertySchema } from './image-properties.ts';

/** model.json itself may have this many bytes; reference and golden are files beside it. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;
export const MANIFEST_FILE = 'model.json';

const nameSchema = z.string().min(1).max(256);

/** Tensor types of the Open Inference Protocol's spelling, lower case as ONNX Runtime for Node names them. */
export const tensorTypeSchema = z.enum([
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
]);
export type TensorType = z.infer<typeof tensorTypeSchema>;

/** A dimension: a fixed size, or null where any size fits. The first dimension is the batch where it is null. */
const shapeSchema = z.array(z.int().nonnegative().nullable()).max(8);

const featureValueSchema = z.union([z.string().max(1024), z.number(), z.boolean()]);

/**
 * One input tensor of the graph. A tabular feature is a tensor [null, 1] of float32 or string: a missing number is NaN,
 * a missing string ''. `integer` means that a value must be integral before it becomes float32.
 * `default` is for display alone: the graph imputes.
 */
export const modelInputSchema = z.strictObject({
  name: nameSchema,
  type: tensorTypeSchema,
  shape: shapeSchema,
  description: z.string().max(1024).optional(),
  unit: z.string().max(64).optional(),
  required: z.boolean().default(true),
  integer: z.boolean().default(false),
  range: z.strictObject({ min: z.number().optional(), max: z.number().optional() }).optional(),
  values: z
    .array(z.union([z.string().max(1024), z.number()]))
    .min(1)
    .max(1000)
    .optional(),
  default: featureValueSchema.optional(),
  /** The input takes pictures: then it is the model's only one. */
  image: imageInputSchema
    .optional()
    .describe('The input takes pictures: how one becomes a tensor, as training did it.'),
});
export type ModelInput = Readonly<z.infer<typeof modelInputSchema>>;

export const modelOutputSchema = z.strictObject({
  name: nameSchema,
  type: tensorTypeSchema,
  shape: shapeSchema,
  description: z.string().max(1024).optional(),
});
export type ModelOutput = Readonly<z.infer<typeof modelOutputSchema>>;

/**
 * How a prediction is read from an output tensor. `index` is the column of the positive class (binary); `threshold`
 * gives the predicted label; `bands` are in rising order, each up to but not including `below`, the last without it.
 */
export const decisionSchema = z.strictObject({
  output: nameSchema,
  index: z.int().nonnegative().optional(),
  threshold: z.number().optional(),
  bands: z
    .array(z.strictObject({ label: z.string().min(1).max(64), below: z.number().optional() }))
    .min(1)
    .max(32)
    .refine(
      (bands) =>
        bands.every((band, i) => {
          const previous = bands[i - 1]?.below;
          const last = i === bands.length - 1;
          return last
            ? band.below === undefined
            : band.below !== undefined && (previous ?? -Infinity) < band.below;
        }),
      'bands must rise, each with "below" but the last',
    )
    .optional(),
});

const constantSchema = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]);

/**
 * Where a field of an answer comes from.
 * - probability: P(positive class); prediction: 0/1, or the class index; label: labels[prediction];
 *   band: the band's label; confidence: |p - 0.5| * 2 for a binary task, else the greatest probability;
 *   probabilities: {label: p}; value: a regression's number; output: a raw output tensor's row, by `name`
 * - version, name: of model.json; revision: the ModelRevision; timestamp: ISO 8601, UTC;
 *   durationMs / durationSeconds: of this request
 * - requestId: of this request, as in the header x-request-id; rows: how many this request holds
 * - modelLoaded, uptimeSeconds: for /health; loadedAt: when the model was loaded, ISO 8601, UTC
 * - featureNames, featureCount: of model.json's inputs, in their order; constant: `value` as it stands
 */
export const responseFieldSchema = z.discriminatedUnion('from', [
  z.strictObject({
    from: z.enum([
      'probability',
      'prediction',
      'label',
      'band',
      'confidence',
      'probabilities',
      'value',
      'version',
      'name',
      'revision',
      'timestamp',
      'durationMs',
      'durationSeconds',
      'requestId',
      'rows',
      'modelLoaded',
      'uptimeSeconds',
      'loadedAt',
      'featureNames',
      'featureCount',
    ]),
    /** Decimal places that a number is rounded to. */
    decimals: z.int().min(0).max(15).optional(),
  }),
  z.strictObject({ from: z.literal('output'), name: nameSchema }),
  z.strictObject({
    from: z.literal('constant'),
    value: z.union([
      constantSchema,
      z.array(constantSchema).max(100),
      z.record(z.string().max(128), constantSchema),
    ]),
  }),
]);
export type ResponseField = Readonly<z.infer<typeof responseFieldSchema>>;

const responseFieldsSchema = z.record(z.string().min(1).max(128), responseFieldSchema);

/** The shape of /predict's, /predict_batch's, /health's and other answers, so that existing clients need no change. */
export const responseSchema = z.strictObject({
  predict: responseFieldsSchema,
  batch: z
    .strictObject({
      /** The request's field that holds the rows, and the answer's that holds the predictions. */
      request: nameSchema,
      predictions: nameSchema,
      limit: z.int().min(1).max(100_000).default(1000),
      /** Fields beside the predictions. */
      fields: responseFieldsSchema.default({}),
    })
    .optional(),
  health: responseFieldsSchema.optional(),
  /** Fields of GET /model/info, beside or in place of its own. */
  modelInfo: responseFieldsSchema.optional(),
  /** Fields of GET /, likewise. */
  info: responseFieldsSchema.optional(),
  /** windlass: {error, code, details}; detail: {"detail": ...} as FastAPI has it. */
  errors: z.enum(['windlass', 'detail']).default('windlass'),
});

export const manifestSchema = z
  .strictObject({
    formatVersion: z.literal(1),
    name: z.string().min(1).max(128),
    version: z.string().min(1).max(128),
    task: z.enum(['binary-classification', 'regression', 'image-classification', 'generic']),
    description: z.string().max(4096).optional(),
    /** The bundle path of the ONNX graph. */
    graph: bundlePathSchema.default('model.onnx'),
    /** Every file of the bundle but model.json, the graph's external data included. */
    files: z.record(bundlePathSchema, z.strictObject({ sha256: sha256Schema, size: z.int().nonnegative() })),
    inputs: z.array(modelInputSchema).min(1).max(1024),
    outputs: z.array(modelOutputSchema).min(1).max(256),
    labels: z.array(z.string().min(1).max(256)).max(10_000).optional(),
    decision: decisionSchema.optional(),
    response: responseSchema.optional(),
    metrics: z.record(z.string().min(1).max(128), z.number()).default({}),
    /** Bundle path of the drift reference (referenceSchema). */
    reference: bundlePathSchema.optional(),
    /** Bundle path of the golden requests (goldenSchema). */
    golden: bundlePathSchema.optional(),
    training: z
      .strictObject({
        dataSha256: sha256Schema.optional(),
        rows: z.int().positive().optional(),
        codeVersion: z.string().max(256).optional(),
        libraries: z.record(z.string().max(128), z.string().max(128)).default({}),
        seed: z.int().optional(),
      })
      .optional(),
  })
  .check((context) => {
    const { files, graph, reference, golden, inputs } = context.value;
    for (const [index, { name, type, shape, image }] of inputs.entries()) {
      if (image === undefined) continue;
      const problem =
        inputs.length > 1
          ? `takes pictures beside other inputs; a model of pictures has this input alone`
          : imageTensorProblem(type, shape, image);
      if (problem === undefined) continue;
      const message = `"${name.slice(0, 80)}" ${problem}`;
      context.issues.push({ code: 'custom', path: ['inputs', index, 'image'], input: image, message });
    }
    if (Object.keys(files).length >= MAX_BUNDLE_FILES) {
      context.issues.push({
        code: 'custom',
        path: ['files'],
        input: files,
        message: `lists ${Object.keys(files).length} files; a bundle has at most ${MAX_BUNDLE_FILES - 1} beside model.json`,
      });
    }
    for (const [field, path] of Object.entries({ graph, reference, golden })) {
      if (path !== undefined && !(path in files)) {
        context.issues.push({
          code: 'custom',
          path: [field],
          input: path,
          message: `names ${path}, which "files" does not list`,
        });
      }
    }
  });
export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/**
 * golden.json: requests with the answers that ONNX Runtime gave when the bundle was written. `input` is a body of
 * POST /predict; `output` holds, per graph output, that row's values, flattened. A number may differ by `tolerance`.
 * For an input that takes pictures, its value is the bundle path of a picture, best a PNG.
 */
export const goldenSchema = z.strictObject({
  formatVersion: z.literal(1),
  tolerance: z.number().positive().default(1e-5),
  rows: z
    .array(
      z.strictObject({
        input: z.record(z.string(), z.union([featureValueSchema, z.null()])),
        output: z.record(z.string(), z.array(featureValueSchema)),
      }),
    )
    .min(1)
    .max(256),
});
export type Golden = Readonly<z.infer<typeof goldenSchema>>;

/**
 * reference.json: frozen bins of the training data. Numeric: `edges` e0 < e1 < ... < ek make k bins [e(i), e(i+1)), the
 * last one closed; `counts` has k entries, and what fell below, above and was missing is counted apart.
 */
const numericReferenceSchema = z.strictObject({
  kind: z.literal('numeric'),
  edges: z.array(z.number()).min(2).max(1000),
  counts: z.array(z.int().nonnegative()),
  under: z.int().nonnegative(),
  over: z.int().nonnegative(),
  missing: z.int().nonnegative(),
});
const categoricalReferenceSchema = z.strictObject({
  kind: z.literal('categorical'),
  counts: z.record(z.string(), z.int().nonnegative()),
  other: z.int().nonnegative(),
  missing: z.int().nonnegative(),
});
export const referenceSchema = z.strictObject({
  formatVersion: z.literal(1),
  rows: z.int().positive(),
  features: z.record(
    z.string(),
    z.discriminatedUnion('kind', [numericReferenceSchema, categoricalReferenceSchema]),
  ),
  /** What the model answers; of image-classification the greatest probability. */
  prediction: numericReferenceSchema.optional(),
  /** Of the training pictures, for a model that takes pictures. */
  image: z.partialRecord(imagePropertySchema, numericReferenceSchema).optional(),
});
export type Reference = Readonly<z.infer<typeof referenceSchema>>;
