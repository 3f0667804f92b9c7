import { z } from 'zod';
import { API_GROUP } from '#contract/names.ts';
import { modelDeploymentSpecSchema, modelDeploymentStatusSchema } from './model-deployment.ts';
import { modelRevisionSpecSchema, modelRevisionStatusSchema } from './model-revision.ts';
import { revisionAdditions } from './model-revision-fields.ts';
import { modelRollbackSpecSchema, modelRollbackStatusSchema } from './model-rollback.ts';
import { matches, type CelRule } from './schema.ts';
import {
  structuralSchema,
  withRulesToDepth,
  type Additions,
  type StructuralSchema,
} from './structural-schema.ts';

const VERSION = 'v1alpha1';

interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 0 | 1;
}

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced';
    readonly names: Readonly<Record<string, string | readonly string[]>>;
    readonly versions: readonly {
      readonly name: string;
      readonly served: true;
      readonly storage: true;
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      readonly subresources: Readonly<Record<string, unknown>>;
      readonly additionalPrinterColumns: readonly PrinterColumn[];
    }[];
  };
}

interface Resource {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly additions?: Additions;
  /**
   * Whether only the spec's own rules are kept: its fields were checked on another object, and a rule that is tightened
   * later must not refuse the copy of what it lets stand there.
   */
  readonly copied?: true;
  readonly rules?: readonly CelRule[];
  readonly columns: readonly PrinterColumn[];
  readonly scale?: Readonly<Record<string, string>>;
}

const readyCondition = (field: string): string => `.status.conditions[?(@.type=="Ready")].${field}`;

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was made.',
};

/** The children's names (a Service, a CronJob) are made from it, and `<name>-<hash10>` must fit in 63 characters. */
const NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const nameRules: readonly CelRule[] = [
  {
    ...matches(
      NAME,
      'metadata.name must begin with a lower-case letter, hold lower-case letters, digits and "-" alone, and end in a letter or digit: Services are named after it',
      { subject: 'self.metadata.name' },
    ),
    fieldPath: '.metadata.name',
  },
  {
    rule: 'size(self.metadata.name) <= 52',
    message: 'metadata.name must be at most 52 characters: names of Services and pods are made from it',
    fieldPath: '.metadata.name',
  },
];

const modelDeployment: Resource = {
  kind: 'ModelDeployment',
  plural: 'modeldeployments',
  shortName: 'md',
  description:
    'An ONNX model that is served over HTTP: Windlass pulls it, checks it, runs it, moves traffic to each new revision, and keeps the earlier ones for undo.',
  spec: modelDeploymentSpecSchema,
  status: modelDeploymentStatusSchema,
  rules: nameRules,
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
  columns: [
    {
      name: 'Revision',
      type: 'integer',
      jsonPath: '.status.revision',
      description: 'Number of the revision that serves.',
    },
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.status.modelVersion',
      description: 'Version of the model that serves.',
    },
    {
      name: 'Weight',
      type: 'integer',
      jsonPath: '.status.rollout.weight',
      description: 'Percent of the requests that the candidate answers, during a rollout.',
    },
    {
      name: 'Replicas',
      type: 'integer',
      jsonPath: '.status.readyReplicas',
      description: 'Pods of the serving revision that are ready.',
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: readyCondition('status'),
      description: 'Whether all is well.',
    },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: readyCondition('reason'),
      description: 'What is happening, or what is wrong.',
    },
    {
      name: 'Phase',
      type: 'string',
      jsonPath: '.status.rollout.phase',
      description: 'How far a rollout has come.',
      priority: 1,
    },
    {
      name: 'Candidate',
      type: 'string',
      jsonPath: '.status.candidateRevision',
      description: 'The ModelRevision on its way.',
      priority: 1,
    },
    {
      name: 'Hold-Until',
      type: 'string',
      jsonPath: '.status.rollout.holdUntil',
      description: 'When the step may end.',
      priority: 1,
    },
    {
      name: 'Drifted',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Drifted")].status',
      description: 'Whether features have drifted, with spec.drift.',
      priority: 1,
    },
    {
      name: 'URL',
      type: 'string',
      jsonPath: '.status.url',
      description: 'Where the model answers inside the cluster.',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: readyCondition('message'),
      description: 'The cause and the next step.',
      priority: 1,
    },
    age,
  ],
};

const modelRevision: Resource = {
  kind: 'ModelRevision',
  plural: 'modelrevisions',
  shortName: 'mrev',
  description:
    'One immutable revision of a ModelDeployment: the model’s bytes, how they are served and the runtime image. Made by the operator; kept for undo.',
  spec: modelRevisionSpecSchema,
  status: modelRevisionStatusSchema,
  additions: revisionAdditions,
  copied: true,
  columns: [
    {
      name: 'Revision',
      type: 'integer',
      jsonPath: '.status.revision',
      description: 'The revision’s number.',
    },
    { name: 'State', type: 'string', jsonPath: '.status.state', description: 'What has become of it.' },
    { name: 'Version', type: 'string', jsonPath: '.spec.model.version', description: 'The model’s version.' },
    { name: 'Reason', type: 'string', jsonPath: '.status.reason', description: 'Why it is in this state.' },
    {
      name: 'SHA256',
      type: 'string',
      jsonPath: '.spec.artifact.sha256',
      description: 'Digest of the model’s bytes.',
      priority: 1,
    },
    {
      name: 'Image',
      type: 'string',
      jsonPath: '.spec.image',
      description: 'The runtime image.',
      priority: 1,
    },
    age,
  ],
};

const modelRollback: Resource = {
  kind: 'ModelRollback',
  plural: 'modelrollbacks',
  shortName: 'mrb',
  description:
    'An undo of a ModelDeployment: while it is Active an earlier revision serves, until the spec changes or this object is deleted.',
  spec: modelRollbackSpecSchema,
  status: modelRollbackStatusSchema,
  columns: [
    {
      name: 'ModelDeployment',
      type: 'string',
      jsonPath: '.spec.modelDeployment',
      description: 'What is undone.',
    },
    {
      name: 'To',
      type: 'string',
      jsonPath: '.status.toRevision',
      description: 'The ModelRevision that serves while it is active.',
    },
    { name: 'State', type: 'string', jsonPath: '.status.state', description: 'Whether it holds.' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', description: 'Why it was made.' },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.message',
      description: 'Why it is in this state.',
      priority: 1,
    },
    age,
  ],
};

/** The three CustomResourceDefinitions. */
export function customResourceDefinitions(): readonly CustomResourceDefinition[] {
  return [modelDeployment, modelRevision, modelRollback].map((resource) => definition(resource));
}

function definition(resource: Resource): CustomResourceDefinition {
  const { kind, plural, shortName, columns, scale } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${API_GROUP}`,
      labels: { 'app.kubernetes.io/name': 'windlass', 'app.kubernetes.io/part-of': 'windlass' },
    },
    spec: {
      group: API_GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['windlass'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(resource) },
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

function rootSchema({ description, spec, status, additions, copied, rules }: Resource): StructuralSchema {
  const whole = structuralSchema(z.strictObject({ spec, status: status.optional() }), additions);
  const { properties } = copied === undefined ? whole : withRulesToDepth(whole, 1);
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `The API’s version: ${API_GROUP}/${VERSION}.` },
      kind: { type: 'string', description: 'The kind of object.' },
      metadata: {
        type: 'object',
        ...(rules === undefined ? {} : { properties: { name: { type: 'string' } } }),
      },
      ...properties,
    },
    ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }),
  };
}
