import { z } from 'zod';
import { artifactSchema } from '#contract/artifact.ts';
import { executionProviderSchema } from '#contract/programs.ts';
import { modelInputSchema, modelOutputSchema } from '#contract/model-manifest.ts';
import { podSettingsSchema, resourcesSchema } from './pod-settings.ts';
import { cel, nameReferenceSchema } from './schema.ts';

/**
 * What a revision pins. The ModelRevision's name is `<md>-<first 10 hex digits of revisionHash(spec)>`.
 * Immutable as a whole; at most 256 KiB.
 */
export const modelRevisionSpecSchema = z
  .strictObject({
    hashVersion: z.literal(1).describe('How the hash in the name is made.'),
    modelDeployment: nameReferenceSchema.describe('The ModelDeployment that it belongs to.'),
    artifact: artifactSchema.describe('The bytes.'),
    model: z
      .strictObject({
        name: z.string().max(128).optional().describe('The model’s name.'),
        version: z.string().max(128).optional().describe('The model’s version.'),
        task: z
          .string()
          .max(64)
          .optional()
          .describe('What it predicts: binary-classification, regression, ...'),
        inputs: z
          .array(modelInputSchema.describe('An input tensor.'))
          .max(1024)
          .describe('The graph’s inputs.'),
        outputs: z
          .array(modelOutputSchema.describe('An output tensor.'))
          .max(256)
          .describe('The graph’s outputs.'),
        metrics: z
          .record(z.string().max(128), z.number().describe('A metric’s value.'))
          .meta({ maxProperties: 256 })
          .optional()
          .describe('What training measured, by metric.'),
        estimatedMemoryBytes: z
          .int()
          .nonnegative()
          .optional()
          .describe('Memory that the loaded model is estimated to take.'),
      })
      .describe('What the model says of itself.'),
    serving: z
      .strictObject({
        resources: resourcesSchema.optional(),
        executionProvider: executionProviderSchema.optional().describe('What runs the graph; absent: cpu.'),
        maxBatchSize: z
          .int()
          .describe('Most rows that run together; rows of one request may be more, in runs that stay short.'),
        logLevel: z.enum(['debug', 'info', 'warn', 'error']).describe('What the server logs.'),
        cache: z
          .strictObject({ claimName: nameReferenceSchema.describe('Name of the PersistentVolumeClaim.') })
          .optional()
          .describe('A PersistentVolumeClaim for a content-addressed cache of model files.'),
        pod: podSettingsSchema.optional(),
      })
      .describe('How it is served.'),
    image: z.string().min(1).max(512).describe('The runtime image that it was checked with.'),
  })
  .meta(
    cel({
      rule: 'self == oldSelf',
      message: 'a ModelRevision is immutable: apply a new ModelDeployment spec instead',
    }),
  )
  .describe('What the revision pins; it never changes.');
export type ModelRevisionSpec = Readonly<z.infer<typeof modelRevisionSpecSchema>>;

export const REVISION_STATES = ['Candidate', 'Stable', 'Warm', 'Retired', 'Rejected', 'Superseded'] as const;
export type RevisionState = (typeof REVISION_STATES)[number];

export const modelRevisionStatusSchema = z
  .strictObject({
    revision: z
      .int()
      .positive()
      .optional()
      .describe('Its number: monotonic; the same content coming back takes a new one.'),
    state: z
      .enum(REVISION_STATES)
      .optional()
      .describe(
        'Candidate: on its way. Stable: serves. Warm: served before and still runs. Retired: can be undone to, no pods. Rejected: failed. Superseded: a newer spec came before it was judged.',
      ),
    since: z.iso.datetime().optional().describe('When it came into this state.'),
    reason: z.string().max(128).optional().describe('One word for why it is in this state.'),
    message: z.string().max(2048).optional().describe('Why it is in this state, and what to do.'),
  })
  .describe('What has become of the revision.');
export type ModelRevisionStatus = Readonly<z.infer<typeof modelRevisionStatusSchema>>;
