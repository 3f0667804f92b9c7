import { z } from 'zod';
import { podSettingsSchema, resourcesSchema } from './pod-settings.ts';
import { conditionSchema, durationSchema, cel, nameReferenceSchema } from './schema.ts';

/** What the CRD's schema holds; every field here does something. */
const modelSchema = z
  .strictObject({
    uri: z
      .string()
      .min(6)
      .max(1024)
      .regex(/^s3:\/\/[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\/.+$/)
      .describe(
        'Where the model is: a bundle prefix (s3://bucket/prefix/, with model.json in it) or one object (s3://bucket/key.onnx).',
      ),
    versionId: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('One version of the object (of model.json for a bundle).'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe('Refuse any other bytes: the sha256 of the .onnx object, or of model.json for a bundle.'),
    credentials: z
      .strictObject({ secretName: nameReferenceSchema })
      .optional()
      .describe(
        'A Secret with AWS_* keys and endpoint, or one made for KServe. Absent: the identity of the pods’ service account.',
      ),
    refreshInterval: durationSchema
      .optional()
      .describe('How often to look for new bytes behind the URI. Absent: resolved once for each spec.'),
  })
  .meta(
    cel({
      rule: "self.uri.endsWith('/') || self.uri.endsWith('.onnx')",
      message: 'uri must end in "/" (a bundle prefix with model.json in it) or in ".onnx" (one object)',
      fieldPath: '.uri',
    }),
  );

const autoscalingSchema = z
  .strictObject({
    minReplicas: z.int().min(1).max(1000).default(1),
    maxReplicas: z.int().min(1).max(1000),
    targetCPUUtilizationPercentage: z.int().min(1).max(1000).optional(),
    targetMemoryUtilizationPercentage: z.int().min(1).max(1000).optional(),
  })
  .meta(
    cel(
      { rule: 'self.minReplicas <= self.maxReplicas', message: 'minReplicas must not be above maxReplicas' },
      {
        rule: 'has(self.targetCPUUtilizationPercentage) || has(self.targetMemoryUtilizationPercentage)',
        message: 'name a target: targetCPUUtilizationPercentage, targetMemoryUtilizationPercentage, or both',
      },
    ),
  );

const servingSchema = z.strictObject({
  resources: resourcesSchema.optional(),
  maxBatchSize: z.int().min(1).max(4096).default(64).describe('Most rows that run together.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  image: z.string().min(1).max(512).optional().describe('Runtime image; overrides the operator’s default.'),
  cache: z
    .strictObject({ claimName: nameReferenceSchema })
    .optional()
    .describe('A PersistentVolumeClaim for a content-addressed cache of model files.'),
  pod: podSettingsSchema.optional(),
});

const rolloutSettingsSchema = z.strictObject({
  progressDeadline: durationSchema
    .default('10m')
    .describe('How long a candidate may take before it is rejected.'),
  allowBreakingSchema: z
    .boolean()
    .default(false)
    .describe('Let a candidate through that removes or changes fields or requires new ones.'),
});

const historySchema = z.strictObject({
  limit: z.int().min(1).max(100).default(10).describe('Revisions kept for undo.'),
  warm: z.int().min(0).max(3).default(1).describe('Earlier revisions kept running, for an instant undo.'),
  warmFor: durationSchema.default('1h').describe('How long an earlier revision stays warm.'),
});

export const modelDeploymentSpecSchema = z.strictObject({
  model: modelSchema,
  replicas: z
    .int()
    .min(0)
    .max(1000)
    .default(1)
    .describe('Pods of the stable revision; 0 stops serving. An autoscaler may own it.'),
  autoscaling: autoscalingSchema.optional(),
  serving: servingSchema.prefault({}),
  rollout: rolloutSettingsSchema.prefault({}),
  history: historySchema.prefault({}),
});
/** A spec as the API server stores it: defaults filled in. */
export type ModelDeploymentSpec = Readonly<z.infer<typeof modelDeploymentSpecSchema>>;

const rolloutStatusSchema = z.strictObject({
  phase: z.enum(['Resolving', 'Preflight', 'Starting', 'Promoting']),
  since: z.iso.datetime().describe('When this phase began.'),
  startedAt: z.iso.datetime().describe('When the candidate began; the deadline counts from here.'),
});

export const modelDeploymentStatusSchema = z.strictObject({
  observedGeneration: z.int().optional(),
  conditions: z.array(conditionSchema).max(16).optional(),
  stableRevision: z.string().max(253).optional(),
  candidateRevision: z.string().max(253).optional(),
  modelVersion: z.string().max(128).optional().describe('model.json’s version of the stable revision.'),
  revision: z.int().optional().describe('The stable revision’s number.'),
  rollout: rolloutStatusSchema.optional(),
  replicas: z.int().optional(),
  readyReplicas: z.int().optional(),
  selector: z
    .string()
    .max(1024)
    .optional()
    .describe('Label selector of the stable revision’s pods, for the scale subresource.'),
  url: z.string().max(512).optional(),
  specHash: z.string().max(128).optional(),
  source: z
    .strictObject({
      marker: z
        .string()
        .max(512)
        .optional()
        .describe('What the store said of the bytes when they were last looked at.'),
      checkedAt: z.iso.datetime().optional(),
    })
    .optional(),
});
export type ModelDeploymentStatus = Readonly<z.infer<typeof modelDeploymentStatusSchema>>;
