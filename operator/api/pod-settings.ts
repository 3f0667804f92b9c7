import { z } from 'zod';
import { nameReferenceSchema } from './schema.ts';

/** A Kubernetes quantity: a string such as 250m or 1Gi, or a whole number. */
export const quantitySchema = z
  .union([z.string().max(64), z.int()])
  .meta({ 'x-kubernetes-int-or-string': true });

const resourceListSchema = z.record(z.string().max(253), quantitySchema).meta({ maxProperties: 16 });
export const resourcesSchema = z.strictObject({
  requests: resourceListSchema.optional(),
  limits: resourceListSchema.optional(),
});

const labelsSchema = z.record(z.string().max(317), z.string().max(63)).meta({ maxProperties: 64 });

const labelSelectorSchema = z.strictObject({
  matchLabels: labelsSchema.optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().max(317),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string().max(63)).max(64).optional(),
      }),
    )
    .max(16)
    .optional(),
});

const nodeSelectorTermSchema = z.strictObject({
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().max(317),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
        values: z.array(z.string().max(253)).max(64).optional(),
      }),
    )
    .max(16)
    .optional(),
  matchFields: z
    .array(
      z.strictObject({
        key: z.string().max(317),
        operator: z.enum(['In', 'NotIn']),
        values: z.array(z.string().max(253)).max(64).optional(),
      }),
    )
    .max(4)
    .optional(),
});

const podAffinityTermSchema = z.strictObject({
  labelSelector: labelSelectorSchema.optional(),
  namespaces: z.array(z.string().max(63)).max(32).optional(),
  topologyKey: z.string().min(1).max(317),
});

const podAffinitySchema = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z.array(podAffinityTermSchema).max(16).optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(z.strictObject({ weight: z.int().min(1).max(100), podAffinityTerm: podAffinityTermSchema }))
    .max(16)
    .optional(),
});

const affinitySchema = z.strictObject({
  nodeAffinity: z
    .strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .strictObject({ nodeSelectorTerms: z.array(nodeSelectorTermSchema).min(1).max(16) })
        .optional(),
      preferredDuringSchedulingIgnoredDuringExecution: z
        .array(z.strictObject({ weight: z.int().min(1).max(100), preference: nodeSelectorTermSchema }))
        .max(16)
        .optional(),
    })
    .optional(),
  podAffinity: podAffinitySchema.optional(),
  podAntiAffinity: podAffinitySchema.optional(),
});

/** The part of a pod's fields that a user may set: small and named, so that the CRD stays small. */
export const podSettingsSchema = z.strictObject({
  nodeSelector: labelsSchema.optional(),
  tolerations: z
    .array(
      z.strictObject({
        key: z.string().max(317).optional(),
        operator: z.enum(['Exists', 'Equal']).optional(),
        value: z.string().max(63).optional(),
        effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
        tolerationSeconds: z.int().optional(),
      }),
    )
    .max(32)
    .optional(),
  affinity: affinitySchema.optional(),
  topologySpreadConstraints: z
    .array(
      z.strictObject({
        maxSkew: z.int().min(1).max(1000),
        topologyKey: z.string().min(1).max(317),
        whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
      }),
    )
    .max(8)
    .optional()
    .describe('Spread over nodes is the default; each constraint counts the pods of the same revision.'),
  priorityClassName: nameReferenceSchema.optional(),
  runtimeClassName: nameReferenceSchema.optional(),
  serviceAccountName: nameReferenceSchema.optional(),
  imagePullSecrets: z
    .array(z.strictObject({ name: nameReferenceSchema }))
    .max(8)
    .optional(),
  annotations: z.record(z.string().max(317), z.string().max(4096)).meta({ maxProperties: 32 }).optional(),
  labels: labelsSchema.optional(),
  env: z
    .array(z.strictObject({ name: z.string().min(1).max(128), value: z.string().max(4096) }))
    .max(64)
    .optional(),
});
export type PodSettings = Readonly<z.infer<typeof podSettingsSchema>>;
