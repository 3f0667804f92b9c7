import { z } from 'zod';

// Where pods may run: the fields of a pod's own scheduling, in the same form and with the same meaning.

const labelKeySchema = z.string().max(317);

const labelSelectorSchema = z
  .strictObject({
    matchLabels: z
      .record(labelKeySchema, z.string().max(63).describe('A label’s value.'))
      .meta({ maxProperties: 64 })
      .optional()
      .describe('Labels that a pod must have.'),
    matchExpressions: z
      .array(
        z
          .strictObject({
            key: labelKeySchema.describe('The label’s key.'),
            operator: z
              .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
              .describe('How the label is compared.'),
            values: z
              .array(z.string().max(63).describe('A label’s value.'))
              .max(64)
              .optional()
              .describe('Values for In and NotIn; absent for Exists and DoesNotExist.'),
          })
          .describe('A demand on one label.'),
      )
      .max(16)
      .optional()
      .describe('Demands that must all hold.'),
  })
  .describe('Pods by their labels.');

const nodeValuesSchema = z
  .array(z.string().max(253).describe('A value.'))
  .max(64)
  .optional()
  .describe('Values to compare with; absent for Exists and DoesNotExist, one number for Gt and Lt.');

const nodeSelectorTermSchema = z
  .strictObject({
    matchExpressions: z
      .array(
        z
          .strictObject({
            key: labelKeySchema.describe('The node label’s key.'),
            operator: z
              .enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'])
              .describe('How the label is compared.'),
            values: nodeValuesSchema,
          })
          .describe('A demand on one label.'),
      )
      .max(16)
      .optional()
      .describe('Demands on the node’s labels that must all hold.'),
    matchFields: z
      .array(
        z
          .strictObject({
            key: labelKeySchema.describe('The node’s field; metadata.name is the one that Kubernetes knows.'),
            operator: z.enum(['In', 'NotIn']).describe('How the field is compared.'),
            values: nodeValuesSchema,
          })
          .describe('A demand on one field.'),
      )
      .max(4)
      .optional()
      .describe('Demands on the node’s fields that must all hold.'),
  })
  .describe('Nodes by their labels and fields.');

const podAffinityTermSchema = z
  .strictObject({
    labelSelector: labelSelectorSchema.optional(),
    namespaces: z
      .array(z.string().max(63).describe('A namespace.'))
      .max(32)
      .optional()
      .describe('Namespaces of the pods meant. Absent: this one.'),
    topologyKey: z
      .string()
      .min(1)
      .max(317)
      .describe('The node label whose equal values make one place, for example topology.kubernetes.io/zone.'),
  })
  .describe('The pods meant, and what counts as one place.');

const weightSchema = z.int().min(1).max(100).describe('How much it counts, 1 to 100.');

const podAffinityFields = {
  requiredDuringSchedulingIgnoredDuringExecution: z
    .array(podAffinityTermSchema)
    .max(16)
    .optional()
    .describe('Terms that must all hold for a pod to be placed.'),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(
      z
        .strictObject({ weight: weightSchema, podAffinityTerm: podAffinityTermSchema })
        .describe('A wish with its weight.'),
    )
    .max(16)
    .optional()
    .describe('Wishes that the scheduler weighs.'),
};

export const affinitySchema = z
  .strictObject({
    nodeAffinity: z
      .strictObject({
        requiredDuringSchedulingIgnoredDuringExecution: z
          .strictObject({
            nodeSelectorTerms: z
              .array(nodeSelectorTermSchema)
              .min(1)
              .max(16)
              .describe('Terms of which one must hold.'),
          })
          .optional()
          .describe('What must hold for a pod to be placed.'),
        preferredDuringSchedulingIgnoredDuringExecution: z
          .array(
            z
              .strictObject({ weight: weightSchema, preference: nodeSelectorTermSchema })
              .describe('A wish with its weight.'),
          )
          .max(16)
          .optional()
          .describe('Wishes that the scheduler weighs.'),
      })
      .optional()
      .describe('Which nodes the pods may or should run on.'),
    podAffinity: z.strictObject(podAffinityFields).optional().describe('Which pods these should run beside.'),
    podAntiAffinity: z
      .strictObject(podAffinityFields)
      .optional()
      .describe('Which pods these should keep away from.'),
  })
  .describe('Where the pods may or should run, as in a pod’s affinity.');

export const tolerationsSchema = z
  .array(
    z
      .strictObject({
        key: labelKeySchema.optional().describe('The taint’s key. Absent, with Exists: every taint.'),
        operator: z
          .enum(['Exists', 'Equal'])
          .optional()
          .describe('Exists: any value; Equal: this value. Absent: Equal.'),
        value: z.string().max(63).optional().describe('The taint’s value, for Equal.'),
        effect: z
          .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
          .optional()
          .describe('The taint’s effect. Absent: every effect.'),
        tolerationSeconds: z
          .int()
          .optional()
          .describe('How long a pod stays on a node with a NoExecute taint. Absent: for ever.'),
      })
      .describe('A taint that the pods put up with.'),
  )
  .max(32)
  .describe('Taints of nodes that the pods put up with.');

export const topologySpreadConstraintsSchema = z
  .array(
    z
      .strictObject({
        maxSkew: z.int().min(1).max(1000).describe('By how many pods two places may differ.'),
        topologyKey: z.string().min(1).max(317).describe('The node label whose equal values make one place.'),
        whenUnsatisfiable: z
          .enum(['DoNotSchedule', 'ScheduleAnyway'])
          .describe('What happens where it cannot hold: the pod waits, or is placed all the same.'),
      })
      .describe('One rule of spreading.'),
  )
  .max(8)
  .describe('Spread over nodes is the default; each constraint counts the pods of the same revision.');
