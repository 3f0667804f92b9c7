import { z } from 'zod';

// What values.yaml of the chart may say. values.schema.json and the table in the chart's README are generated from it.

const textMapSchema = z.record(z.string(), z.string());
/** A part of a pod or of a policy that Kubernetes checks itself. */
const kubernetesObject = z.looseObject({});
const nameSchema = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/);

const imageSchema = z.strictObject({
  registry: z.string().describe('Registry, without a slash at the end; empty: the node’s default'),
  repository: z.string().min(1).describe('Repository'),
  tag: z.string().describe('Tag; empty: the chart’s appVersion'),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .describe('Digest (sha256:...); wins over the tag'),
});

const quantitySchema = z.union([z.string(), z.number()]);
const resourceListSchema = z.record(z.string(), quantitySchema);

export const valuesSchema = z.strictObject({
  global: kubernetesObject.optional().describe('Set by Helm where this chart is a dependency; not read'),
  nameOverride: nameSchema.describe('Replaces the chart’s name in labels'),
  fullnameOverride: nameSchema.describe('Replaces the name of every object'),

  replicas: z.int().min(1).max(5).describe('Operator pods; one leads, the others wait'),
  image: imageSchema
    .extend({
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).describe('When the image is pulled'),
    })
    .describe('The operator’s image'),
  runtimeImage: imageSchema.describe('Default image of the pods that serve models'),
  cudaRuntimeImage: imageSchema.describe('The same for models with executionProvider: cuda'),
  imagePullSecrets: z
    .array(z.strictObject({ name: nameSchema }))
    .describe('Secrets for the operator’s image'),

  watchNamespaces: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
        .max(63),
    )
    .max(100)
    .describe('Namespaces to work in, with a Role in each; empty: all of them, with a ClusterRole'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).describe('What the operator logs'),

  crds: z.strictObject({
    install: z.boolean().describe('Install and upgrade the CRDs; they stay when the chart goes'),
  }),
  rbac: z.strictObject({
    create: z.boolean().describe('Make the operator’s roles and bindings'),
    userRoles: z
      .boolean()
      .describe(
        'Make the ClusterRoles for people: view, edit and rollback, aggregated to view, edit and admin',
      ),
  }),
  serviceAccount: z.strictObject({
    create: z.boolean().describe('Make the service account'),
    name: nameSchema.describe('Its name; empty: the name of the other objects'),
    annotations: textMapSchema.describe('Its annotations'),
  }),

  resources: z
    .strictObject({ requests: resourceListSchema.optional(), limits: resourceListSchema.optional() })
    .describe('Resources of an operator pod'),
  podAnnotations: textMapSchema.describe('Annotations of the operator’s pods'),
  podLabels: textMapSchema.describe('Labels of the operator’s pods'),
  nodeSelector: textMapSchema.describe('Labels that the operator’s node must have'),
  tolerations: z.array(kubernetesObject).describe('Taints that the operator’s pods put up with'),
  affinity: kubernetesObject.describe('Affinity of the operator’s pods'),
  topologySpreadConstraints: z
    .array(kubernetesObject)
    .describe('Spread of the operator’s pods; empty: over nodes where that is possible'),
  priorityClassName: nameSchema.describe('PriorityClass of the operator’s pods'),

  podDisruptionBudget: z.strictObject({
    enabled: z.boolean().describe('Keep one operator pod while nodes are drained'),
  }),
  networkPolicy: z.strictObject({
    enabled: z.boolean().describe('Let nothing but metrics and probes in'),
    metricsFrom: z
      .array(kubernetesObject)
      .describe('Who may read metrics (NetworkPolicy peers); empty: everybody'),
    egress: z
      .array(kubernetesObject)
      .describe('NetworkPolicy egress rules; empty: no limit, because S3 may be anywhere'),
  }),
  metrics: z.strictObject({
    port: z.int().min(1024).max(65535).describe('Port of metrics and probes'),
    serviceMonitor: z.strictObject({
      enabled: z.boolean().describe('Make a ServiceMonitor for the Prometheus operator'),
      interval: z.string().describe('How often metrics are read'),
      labels: textMapSchema.describe('Labels that your Prometheus selects ServiceMonitors by'),
    }),
    podMonitor: z.strictObject({
      enabled: z.boolean().describe('Make a PodMonitor for the pods that serve models'),
      interval: z.string().describe('How often their metrics are read'),
      labels: textMapSchema.describe('Labels that your Prometheus selects PodMonitors by'),
    }),
    prometheusRule: z.strictObject({
      enabled: z.boolean().describe('Make a PrometheusRule with the recording rules and alerts'),
      labels: textMapSchema.describe('Labels that your Prometheus selects PrometheusRules by'),
      runbookBase: z
        .string()
        .min(1)
        .describe('Where alerts say that their runbooks are; docs/runbooks as you publish it'),
    }),
    dashboards: z.strictObject({
      enabled: z.boolean().describe('Make ConfigMaps with the Grafana dashboards, for Grafana’s sidecar'),
      labels: textMapSchema.describe('Their labels, beside grafana_dashboard: "1"'),
      annotations: textMapSchema.describe('Their annotations, such as grafana_folder'),
    }),
  }),
  notifications: z.strictObject({
    existingSecret: nameSchema.describe('Secret with a webhook’s URL; empty: nobody is told'),
    key: z.string().describe('Its key'),
    kinds: z
      .array(z.enum(['undone', 'rejected', 'promoted', 'drifted']))
      .min(1)
      .describe('What the webhook is told of'),
    template: z.enum(['json', 'slack', 'teams']).describe('What the webhook understands'),
    templateConfigMap: nameSchema.describe(
      'ConfigMap with a template of your own under template.json; wins over template',
    ),
  }),
  prometheus: z.strictObject({
    url: z
      .string()
      .regex(/^(https?:\/\/[^\s?#@]+)?$/)
      .max(1024)
      .describe(
        'The Prometheus that rollouts’ checks named prometheus ask; whoever writes a ModelDeployment may query all that it has. Empty: those checks wait',
      ),
    tokenSecret: z.strictObject({
      name: nameSchema.describe(
        'A Secret in the operator’s namespace with a bearer token for it; empty: none',
      ),
      key: z.string().min(1).max(253).describe('The token’s key in it'),
    }),
  }),
});
export type Values = Readonly<z.infer<typeof valuesSchema>>;

/** values.schema.json, which Helm checks values by. */
export function valuesJsonSchema(): unknown {
  return { ...z.toJSONSchema(valuesSchema, { target: 'draft-7' }), title: 'Values of the windlass chart' };
}
