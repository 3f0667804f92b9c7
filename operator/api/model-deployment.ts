import { z } from 'zod';
import { executionProviderSchema } from '#contract/programs.ts';
import { rolloutSettingsSchema } from './rollout-settings.ts';
import { rolloutStatusSchema } from './rollout-status.ts';
import { gpuRules, podSettingsSchema, resourcesSchema } from './pod-settings.ts';
import { driftSettingsSchema, driftStatusSchema } from './drift-settings.ts';
import { retrainingSettingsSchema, retrainingStatusSchema } from './retraining-settings.ts';
import {
  cel,
  conditionSchema,
  durationSchema,
  imageSchema,
  listMap,
  matches,
  nameReferenceSchema,
} from './schema.ts';

/** An S3 prefix or object, or a version or alias of a registered model, whose name MLflow forbids `/` and `:`. */
const URI =
  /^(s3:\/\/[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\/.+|models:\/[^\s/:@?#%\\]+( [^\s/:@?#%\\]+)*(\/[1-9][0-9]{0,9}|@[A-Za-z0-9_-]{1,255}))$/;
/** A path that a store keeps as it is, and that other programs fold into another one. */
const UNSETTLED_PATH = /^s3:\/\/[^/]*\/(.*\/)?[.]{0,2}\//;
const SHA256 = /^[0-9a-f]{64}$/;

/** What the CRD's schema holds; every field here does something. */
const modelSchema = z
  .strictObject({
    uri: z
      .string()
      .min(6)
      .max(1024)
      .regex(URI)
      .meta(
        cel(
          matches(
            URI,
            'must be s3://<bucket>/<prefix>/ or s3://<bucket>/<key>.onnx, with a bucket of 3 to 63 lower-case letters, digits, ".", "_" and "-"; or models:/<name>/<version>, with a whole number, or models:/<name>@<alias> of MLflow’s registry',
          ),
          {
            rule: matches(UNSETTLED_PATH, '', { subject: '!self' }).rule,
            message:
              'must have no empty, "." or ".." segment in its path: write it without "//", "/./" and "/../"',
          },
        ),
      )
      .describe(
        'Where the model is: a folder (s3://bucket/prefix/, with a bundle’s model.json or MLflow’s MLmodel in it), one object (s3://bucket/key.onnx), or a registered model of MLflow (models:/name/3, or models:/name@champion for the version that an alias stands for).',
      ),
    versionId: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('One version of the S3 object (of model.json for a bundle).'),
    sha256: z
      .string()
      .max(64)
      .regex(SHA256)
      .meta(cel(matches(SHA256, 'must be 64 lower-case hex digits, as sha256sum prints them')))
      .optional()
      .describe(
        'Refuse any other bytes: the sha256 of the .onnx file; for a bundle that of model.json, or the artifact’s own, which its ModelRevision shows.',
      ),
    credentials: z
      .strictObject({
        secretName: nameReferenceSchema.describe(
          'Name of the Secret, in the same namespace. Its content may change at any time; a revision whose pods were made already goes on with the name that they were made with.',
        ),
      })
      .optional()
      .describe(
        'A Secret with AWS_* keys and endpoint, or one made for KServe; for models:/ with MLFLOW_TRACKING_URI and MLFLOW_TRACKING_USERNAME and _PASSWORD, or MLFLOW_TRACKING_TOKEN. Absent: the identity of the pods’ service account, and MLFLOW_TRACKING_URI in serving.pod.env.',
      ),
    refreshInterval: durationSchema
      .optional()
      .describe(
        'How often to look for new bytes behind the URI, or for another version behind an alias. Absent: resolved once for each spec.',
      ),
  })
  .meta(
    cel(
      {
        rule: "!self.uri.startsWith('s3://') || self.uri.endsWith('/') || self.uri.endsWith('.onnx')",
        message: 'uri must end in "/" (a folder with model.json or MLmodel in it) or in ".onnx" (one object)',
        fieldPath: '.uri',
      },
      {
        rule: '!has(self.refreshInterval) || (!has(self.versionId) && !has(self.sha256))',
        message:
          'a pinned version cannot be followed: leave out refreshInterval, or both versionId and sha256',
        fieldPath: '.refreshInterval',
      },
      {
        rule: "!has(self.refreshInterval) || !self.uri.startsWith('models:/') || self.uri.contains('@')",
        message:
          'a registered version never changes: follow an alias (models:/<name>@<alias>), or leave out refreshInterval',
        fieldPath: '.refreshInterval',
      },
      {
        rule: "!has(self.versionId) || self.uri.startsWith('s3://')",
        message:
          'versionId is of an S3 object: name a registered version in the uri (models:/<name>/<version>)',
        fieldPath: '.versionId',
      },
    ),
  )
  .describe('Which model: its place, and what its bytes must be.');

const autoscalingSchema = z
  .strictObject({
    minReplicas: z.int().min(1).max(1000).default(1).describe('Fewest pods.'),
    maxReplicas: z.int().min(1).max(1000).describe('Most pods.'),
    targetCPUUtilizationPercentage: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Mean CPU use to aim at, in percent of the request.'),
    targetMemoryUtilizationPercentage: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('Mean memory use to aim at, in percent of the request.'),
  })
  .meta(
    cel(
      {
        rule: 'self.minReplicas <= self.maxReplicas',
        message: 'minReplicas must not be above maxReplicas',
        fieldPath: '.minReplicas',
      },
      {
        rule: 'has(self.targetCPUUtilizationPercentage) || has(self.targetMemoryUtilizationPercentage)',
        message: 'name a target: targetCPUUtilizationPercentage, targetMemoryUtilizationPercentage, or both',
      },
    ),
  )
  .describe(
    'A HorizontalPodAutoscaler that Windlass makes for this ModelDeployment; it then owns spec.replicas, so leave that out.',
  );

const servingSchema = z
  .strictObject({
    resources: resourcesSchema.optional(),
    executionProvider: executionProviderSchema
      .default('cpu')
      .describe(
        'What runs the graph. cuda: the CUDA build of the runtime image on an NVIDIA GPU; each pod asks for one nvidia.com/gpu, unless the limits name another number or another resource of nvidia.com.',
      ),
    maxBatchSize: z
      .int()
      .min(1)
      .max(4096)
      .default(64)
      .describe('Most rows that run together; rows of one request may be more, in runs that stay short.'),
    logLevel: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('What the server logs; debug adds a line for each request.'),
    image: imageSchema.optional().describe('Runtime image; overrides the operator’s default.'),
    cache: z
      .strictObject({ claimName: nameReferenceSchema.describe('Name of the PersistentVolumeClaim.') })
      .optional()
      .describe('A PersistentVolumeClaim for a content-addressed cache of model files.'),
    pod: podSettingsSchema.optional(),
  })
  .meta(cel(...gpuRules))
  .describe('How the model is served. A change here makes a new revision.');

const historySchema = z
  .strictObject({
    limit: z.int().min(1).max(100).default(10).describe('Revisions kept for undo.'),
    warm: z.int().min(0).max(3).default(1).describe('Earlier revisions kept running, for an instant undo.'),
    warmFor: durationSchema.default('1h').describe('How long an earlier revision stays warm.'),
  })
  .meta(
    cel({
      rule: '!has(self.warm) || !has(self.limit) || self.warm <= self.limit',
      message: 'warm must not be above limit: a revision that is not kept cannot stay warm',
      fieldPath: '.warm',
    }),
  )
  .describe('What is kept of earlier revisions.');

export const modelDeploymentSpecSchema = z
  .strictObject({
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
    drift: driftSettingsSchema.optional(),
    retraining: retrainingSettingsSchema.optional(),
  })
  .meta(
    cel({
      rule: '!has(self.retraining) || !has(self.retraining.onDrift) || has(self.drift)',
      message: 'retraining.onDrift needs drift to be watched: add drift: {}',
      fieldPath: '.retraining',
    }),
  )
  .describe('What should run.');

/** A spec as the API server stores it: defaults filled in. */
export type ModelDeploymentSpec = Readonly<z.infer<typeof modelDeploymentSpecSchema>>;

export const modelDeploymentStatusSchema = z
  .strictObject({
    observedGeneration: z
      .int()
      .optional()
      .describe('metadata.generation of the spec that this status is about.'),
    conditions: z
      .array(conditionSchema)
      .max(16)
      .meta(listMap('type'))
      .optional()
      .describe(
        'Ready (one cause and the next step), Available (the stable revision serves), Reconciling, Stalled, ModelResolved, Drifted (with spec.drift).',
      ),
    stableRevision: z.string().max(253).optional().describe('The ModelRevision that serves.'),
    candidateRevision: z.string().max(253).optional().describe('The ModelRevision on its way to serve.'),
    candidateNumber: z.int().optional().describe('Its number, for windlass.dev/promote.'),
    modelVersion: z.string().max(128).optional().describe('model.json’s version of the stable revision.'),
    revision: z.int().optional().describe('The stable revision’s number.'),
    rollout: rolloutStatusSchema.optional(),
    replicas: z.int().optional().describe('Pods of the stable revision.'),
    readyReplicas: z.int().optional().describe('Pods of the stable revision that are ready.'),
    selector: z
      .string()
      .max(1024)
      .optional()
      .describe('Label selector of the stable revision’s pods, for the scale subresource.'),
    url: z.string().max(512).optional().describe('Where the model answers inside the cluster.'),
    specHash: z
      .string()
      .max(128)
      .optional()
      .describe('Hash of what of the spec decides what runs: model and serving.'),
    source: z
      .strictObject({
        marker: z
          .string()
          .max(512)
          .optional()
          .describe('What the store said of the bytes when they were last looked at.'),
        checkedAt: z.iso
          .datetime()
          .optional()
          .describe('When they were first found so; a look that finds nothing new is not written.'),
      })
      .optional()
      .describe('The last look at the source.'),
    drift: driftStatusSchema.optional(),
    retraining: retrainingStatusSchema.optional(),
  })
  .describe('What runs, as the operator last saw it.');
export type ModelDeploymentStatus = Readonly<z.infer<typeof modelDeploymentStatusSchema>>;
