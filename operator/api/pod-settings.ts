import { z } from 'zod';
import { affinitySchema, tolerationsSchema, topologySpreadConstraintsSchema } from './scheduling.ts';
import { cel, type CelRule, listMap, matches, nameReferenceSchema } from './schema.ts';

/** A Kubernetes quantity: a string such as 250m or 1Gi, or a whole number. */
export const quantitySchema = z
  .union([z.string().max(64), z.int()])
  .meta({
    'x-kubernetes-int-or-string': true,
    ...cel({
      rule: "isQuantity(string(self)) && !quantity(string(self)).isLessThan(quantity('0'))",
      message:
        'must be a quantity of zero or more, such as 250m or 2 (CPU), 512Mi or 1Gi (memory), 1 (a device)',
    }),
  })
  .describe('A quantity such as 250m, 512Mi or 2.');

const resourceListSchema = z
  .record(z.string().max(253), quantitySchema)
  .meta({
    maxProperties: 16,
    ...cel({
      rule: "self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'] || name.startsWith('hugepages-') || name.contains('/'))",
      message:
        'knows cpu, memory, ephemeral-storage, hugepages-<size> and extended resources such as nvidia.com/gpu',
    }),
  })
  .describe('Quantities by resource: cpu, memory, ephemeral-storage, nvidia.com/gpu, ...');

export const resourcesSchema = z
  .strictObject({
    requests: resourceListSchema
      .optional()
      .describe('What the scheduler sets aside for a pod, by resource: cpu, memory, ...'),
    limits: resourceListSchema
      .optional()
      .describe(
        'What a pod may use at most, by resource. A model that cannot be held by the memory limit is refused before a pod starts.',
      ),
  })
  .meta(
    cel({
      rule: '!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || !isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)',
      message:
        'each request must be at most the limit of the same resource: raise the limit or lower the request',
    }),
  )
  .describe('CPU, memory and devices of a pod of the model.');

/** The resource that NVIDIA's device plugin offers for a whole GPU. */
export const GPU_RESOURCE = 'nvidia.com/gpu';

const gpuNamed = (list: 'requests' | 'limits'): string =>
  `(has(self.resources.${list}) && '${GPU_RESOURCE}' in self.resources.${list})`;
const gpuIsZero = (list: 'requests' | 'limits'): string =>
  `(${gpuNamed(list)} && isQuantity(string(self.resources.${list}['${GPU_RESOURCE}'])) && quantity(string(self.resources.${list}['${GPU_RESOURCE}'])).compareTo(quantity('0')) == 0)`;

/** What executionProvider and resources must agree on; for the settings that hold both. */
export const gpuRules: readonly CelRule[] = [
  {
    rule: `!has(self.executionProvider) || self.executionProvider != 'cuda' || !has(self.resources) || !(${gpuIsZero('limits')} || ${gpuIsZero('requests')})`,
    message: `executionProvider cuda needs a GPU: raise ${GPU_RESOURCE} above 0, or leave it out to get one`,
    fieldPath: '.resources',
  },
  {
    rule: `(has(self.executionProvider) && self.executionProvider == 'cuda') || !has(self.resources) || !((${gpuNamed('limits')} && !${gpuIsZero('limits')}) || (${gpuNamed('requests')} && !${gpuIsZero('requests')}))`,
    message: `${GPU_RESOURCE} would be held for nothing, because executionProvider cpu does not use it: set executionProvider to cuda, or take ${GPU_RESOURCE} out`,
    fieldPath: '.resources',
  },
];

const RESERVED = 'windlass.dev/';
const notReserved: CelRule = {
  rule: `self.all(key, !key.startsWith('${RESERVED}'))`,
  message: `keys that begin with ${RESERVED} are the operator’s own: choose another prefix`,
};
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const isLabelKey: CelRule = {
  rule: `self.all(key, ${matches(LABEL_KEY, '', { subject: 'key' }).rule})`,
  message:
    'keys must be label keys: at most 63 letters, digits, "-", "_" and ".", with a letter or digit at both ends, and maybe a prefix such as example.com/ before them',
};
const labelValueSchema = z
  .string()
  .max(63)
  .regex(LABEL_VALUE)
  .meta(
    cel(
      matches(
        LABEL_VALUE,
        'must be a label’s value: empty, or letters, digits, "-", "_" and ".", with a letter or digit at both ends',
      ),
    ),
  )
  .describe('A label’s value.');
const labelsSchema = z.record(z.string().max(317), labelValueSchema).meta({ maxProperties: 64 });

export const nodeSelectorSchema = labelsSchema.meta(cel(isLabelKey));

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

export const environmentNameSchema = z
  .string()
  .min(1)
  .max(128)
  .meta(
    cel(
      matches(
        ENVIRONMENT_NAME,
        'must begin with a letter or "_", hold letters, digits, "_", "-" and "." alone, and not begin with WINDLASS_',
        { and: "!self.startsWith('WINDLASS_')" },
      ),
    ),
  )
  .describe('The variable’s name.');

/** The part of a pod's fields that a user may set: small and named, so that the CRD stays small. */
export const podSettingsSchema = z
  .strictObject({
    nodeSelector: nodeSelectorSchema.optional().describe('Labels that a node must have.'),
    tolerations: tolerationsSchema.optional(),
    affinity: affinitySchema.optional(),
    topologySpreadConstraints: topologySpreadConstraintsSchema.optional(),
    priorityClassName: nameReferenceSchema.optional().describe('PriorityClass of the pods.'),
    runtimeClassName: nameReferenceSchema.optional().describe('RuntimeClass of the pods.'),
    serviceAccountName: nameReferenceSchema
      .optional()
      .describe(
        'Service account of the pods; without model.credentials it is the one that reads the model. Absent: default.',
      ),
    imagePullSecrets: z
      .array(
        z
          .strictObject({ name: nameReferenceSchema.describe('Name of the Secret.') })
          .describe('A Secret in the same namespace.'),
      )
      .max(8)
      .meta(listMap('name'))
      .optional()
      .describe('Secrets for the registry that the runtime image comes from.'),
    annotations: z
      .record(z.string().max(317), z.string().max(4096).describe('An annotation’s value.'))
      .meta({ maxProperties: 32, ...cel(notReserved) })
      .optional()
      .describe('Annotations added to the pods.'),
    labels: labelsSchema.meta(cel(notReserved, isLabelKey)).optional().describe('Labels added to the pods.'),
    env: z
      .array(
        z
          .strictObject({
            name: environmentNameSchema,
            value: z.string().max(4096).describe('Its value, as it stands.'),
          })
          .describe('One environment variable.'),
      )
      .max(64)
      .meta(listMap('name'))
      .optional()
      .describe(
        'Environment variables of the pods’ containers. Not for secrets: they can be read by all who may read pods.',
      ),
  })
  .describe('Fields of the pods that run the model.');
