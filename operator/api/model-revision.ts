import { z } from 'zod';
import { artifactSchema } from '#contract/artifact.ts';
import { modelInputSchema, modelOutputSchema } from '#contract/model-manifest.ts';
import { podSettingsSchema, resourcesSchema } from './pod-settings.ts';
import { cel, nameReferenceSchema } from './schema.ts';

/**
 * What a revision pins. The ModelRevision's name is `<md>-<first 10 hex digits of revisionHash(spec)>`.
 * Immutable as a whole; at most 256 KiB.
 */
export const modelRevisionSpecSchema = z
  .strictObject({
    hashVersion: z.literal(1),
    modelDeployment: nameReferenceSchema,
    artifact: artifactSchema,
    model: z.strictObject({
      name: z.string().max(128).optional(),
      version: z.string().max(128).optional(),
      task: z.string().max(64).optional(),
      inputs: z.array(modelInputSchema).max(1024),
      outputs: z.array(modelOutputSchema).max(256),
      metrics: z.record(z.string(), z.number()).optional(),
      estimatedMemoryBytes: z.int().nonnegative().optional(),
    }),
    serving: z.strictObject({
      resources: resourcesSchema.optional(),
      maxBatchSize: z.int(),
      logLevel: z.enum(['debug', 'info', 'warn', 'error']),
      cache: z.strictObject({ claimName: nameReferenceSchema }).optional(),
      pod: podSettingsSchema.optional(),
    }),
    image: z.string().min(1).max(512),
  })
  .meta(
    cel({
      rule: 'self == oldSelf',
      message: 'a ModelRevision is immutable: apply a new ModelDeployment spec instead',
    }),
  );
export type ModelRevisionSpec = Readonly<z.infer<typeof modelRevisionSpecSchema>>;

export const REVISION_STATES = ['Candidate', 'Stable', 'Warm', 'Retired', 'Rejected', 'Superseded'] as const;
export type RevisionState = (typeof REVISION_STATES)[number];

export const modelRevisionStatusSchema = z.strictObject({
  revision: z
    .int()
    .positive()
    .optional()
    .describe('Its number: monotonic; the same content coming back takes a new one.'),
  state: z.enum(REVISION_STATES).optional(),
  since: z.iso.datetime().optional().describe('When it came into this state.'),
  reason: z.string().max(128).optional(),
  message: z.string().max(2048).optional(),
});
export type ModelRevisionStatus = Readonly<z.infer<typeof modelRevisionStatusSchema>>;
