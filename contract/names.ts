/** Names that both programs, the chart and the CLI must agree on. Changing one is an API change. */

export const API_GROUP = 'windlass.dev';
export const API_VERSION = 'windlass.dev/v1alpha1';

export const LABEL = {
  /** On every child: the ModelDeployment's name. The operator watches only objects that carry it. */
  modelDeployment: 'windlass.dev/model-deployment',
  /** On pods, Deployments and Services of one revision: the ModelRevision's name. */
  revision: 'windlass.dev/revision',
  /** On a Job that trains a new model: why it began (drift, schedule, manual). */
  retraining: 'windlass.dev/retraining',
} as const;

export const ANNOTATION = {
  /** On a ModelRevision: its number (monotonic for its ModelDeployment). */
  revisionNumber: 'windlass.dev/revision-number',
  /** On a ModelRevision: the hash of the ModelDeployment spec that it was last resolved for. */
  specHash: 'windlass.dev/spec-hash',
  /** On the traffic ConfigMap: the highest revision number ever given. */
  highestRevision: 'windlass.dev/highest-revision',
  /** On pods: the traffic file's generation; a touch makes the kubelet refresh the mounted file at once. */
  trafficGeneration: 'windlass.dev/traffic-generation',
  /** On a pod template: the artifact that `runtime pull` has to fetch, as JSON (contract/artifact.ts). */
  artifact: 'windlass.dev/artifact',
  /** On a ModelDeployment, by a person: `<revision number>/<step>` ends the hold of that step (0: before the first), `<revision number>/full` all of them. */
  promote: 'windlass.dev/promote',
  /** On a ModelDeployment, by a person: the revision number whose rollout stays where it is. */
  paused: 'windlass.dev/paused',
  /** On a ModelDeployment, by a person: a time; pods of Deployments that are older are replaced once. On those Deployments and their templates: done. */
  restart: 'windlass.dev/restart',
} as const;

export const PORT = {
  /** Predictions, health and metrics. */
  http: 8080,
  /** Model files by digest, for `runtime pull` in other pods of the same revision. */
  peer: 8081,
} as const;

/** Response header: the revision that gave the answer. */
export const REVISION_HEADER = 'x-windlass-revision';
/** Request header on a forwarded request, which is never forwarded again; its value is the sender's revision. */
export const FORWARDED_HEADER = 'x-windlass-forwarded';
/** Beside it: the traffic file's token, without which the request counts as a client's. */
export const FORWARDED_TOKEN_HEADER = 'x-windlass-forwarded-token';
export const REQUEST_ID_HEADER = 'x-request-id';
