import { stringify } from 'yaml';
import { API_VERSION } from '#contract/names.ts';
import type { Manifest } from '#contract/model-manifest.ts';
import { metricChecks } from './checks.ts';
import type { MetricCheck } from './checks.ts';
import type { InitModel } from './model.ts';
import { memoryFor } from './resources.ts';

export interface InitAnswers {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly uri: string;
  readonly secret: string | undefined;
  readonly model: InitModel;
}

/** A ModelDeployment with comments: what each block is for, why it is so, and how to change it. */
export function commentedManifest(answers: InitAnswers): string {
  return [head(answers), modelBlock(answers), servingBlock(answers), rolloutBlock(answers), HISTORY].join(
    '\n',
  );
}

/** One value as YAML writes it, quoted where it must be: for kubectl, which reads YAML 1.1, `on` too. */
function scalar(value: string): string {
  return stringify(value, { lineWidth: 0, version: '1.1' }).trimEnd();
}

function head({ name, namespace, model }: InitAnswers): string {
  const what =
    model.manifest === undefined
      ? graphName(model)
      : `${oneLine(model.manifest.name)} ${oneLine(model.manifest.version)} (${model.manifest.task})`;
  return `# ${what}, served by Windlass. Every field: docs/api.md, or kubectl explain modeldeployment.spec
apiVersion: ${API_VERSION}
kind: ModelDeployment
metadata:
  name: ${scalar(name)}${namespace === undefined ? '' : `\n  namespace: ${scalar(namespace)}`}
spec:`;
}

function graphName({ registry }: InitModel): string {
  return registry === undefined
    ? 'a bare ONNX graph'
    : `${oneLine(registry.name)}, version ${registry.version} in MLflow (an ONNX graph)`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

const MLFLOW_KEYS = `    # A Secret of this namespace with MLFLOW_TRACKING_URI and, where the server asks for it, MLFLOW_TRACKING_USERNAME and
    # MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN; with AWS_* too where the versions' files are in S3.`;

function credentialsOf({ uri, secret }: InitAnswers): string {
  const registered = uri.startsWith('models:/');
  if (secret === undefined) {
    const keys = registered
      ? MLFLOW_KEYS
      : `    # Keys of the store: a Secret of this namespace with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for a store that
    # is not AWS, AWS_ENDPOINT_URL. Without it the pods read as their service account (IRSA, pod identity).`;
    return `${keys}
    # credentials:
    #   secretName: models`;
  }
  const keys = registered
    ? MLFLOW_KEYS
    : `    # A Secret of this namespace with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for a store that is not AWS,
    # AWS_ENDPOINT_URL. The keys may change at any time.`;
  return `${keys}
    credentials:
      secretName: ${scalar(secret)}`;
}

/** How often to look again, and what else may be pinned: an alias is followed, a version is not. */
function following({ uri, model }: InitAnswers): string {
  if (/^models:\/[^@]*@/.test(uri)) {
    const now = model.registry === undefined ? '' : ` (version ${model.registry.version} now)`;
    return `    # Look so often which version the alias stands for${now}, and roll another one out. Without it: once.
    refreshInterval: 1m`;
  }
  const pin = `    # Refuse any other bytes behind that URI (this is the digest of what was read just now).
    # sha256: ${model.sha256}`;
  if (uri.startsWith('models:/')) return pin;
  return `${pin}
    # Or follow the URI: look for new bytes so often, and roll them out. Not together with sha256.
    # refreshInterval: 5m`;
}

function modelBlock(answers: InitAnswers): string {
  const { uri } = answers;
  const change = uri.startsWith('models:/')
    ? '  # Which model, in MLflow’s registry. Another version is a checked rollout.'
    : '  # Which model. A change of the URI starts a checked rollout; put each version under a prefix of its own.';
  return `${change}
  model:
    uri: ${scalar(uri)}
${following(answers)}
${credentialsOf(answers)}

  # Two pods: one may go (a node's upgrade, an eviction) and the other serves on. Leave it out if an autoscaler owns it.
  replicas: 2
`;
}

function servingBlock({ model }: InitAnswers): string {
  const { request, limit, estimate } = memoryFor(model.memoryBytes);
  return `  # A change here makes a new revision too, with a rollout of its own.
  serving:
    resources:
      requests:
        cpu: 250m
        # The loaded graph is estimated to take ${estimate} at its peak, the server included.
        memory: ${request}
      limits:
        # No CPU limit: a limit throttles in the middle of an answer. Add one where your cluster asks for it.
        # Room above the estimate for requests and batches; a model that does not fit is refused before any pod starts.
        memory: ${limit}
        # On a GPU: this, and executionProvider below.
        # nvidia.com/gpu: 1
    # executionProvider: cuda
`;
}

function rolloutBlock({ model }: InitAnswers): string {
  return `  # How a new revision takes over. The first one takes all the traffic once its pods are ready; the rest is for those after.
  rollout:
    # First a copy of the traffic: both revisions answer, callers get the stable one's answer, and the two are compared.
    shadow:
      percent: 100
      hold: 5m
      # Two numbers count as the same answer within this, absolutely or relative to the greater one.
      ${tolerance(model.manifest)}
    # Then a share of the requests. A request that the candidate fails is answered by the stable revision.
    # A hold ends when its time is over and every check passes; leave hold out of a step that a person should promote
    # (kubectl windlass promote).
    steps:
      - { weight: 5, hold: 2m }
      - { weight: 25, hold: 5m }
      - { weight: 50, hold: 5m }
    # What must hold at each step. Too few samples is never a pass: the step waits, at most progressDeadline longer. With
    # 5 % of the traffic, 100 requests to the candidate in 5m are about 7 requests/s in all: for less traffic lower
    # minSamples, or give the first step more weight or a longer hold. A window is 10m at most.
    checks:
${checks(model.manifest)}
    # undo: a failing check takes the candidate away for good. pause: it gets no traffic until a person decides.
    onFailure: undo
    # After the promotion the checks go on so long with the earlier revision warm; a failure still brings it back.
    bake: 5m
    # How long a candidate may take to start, and a step beyond its hold. More for large models and slow nodes.
    progressDeadline: 10m
`;
}

/** Probabilities of two good models differ a little on every row; other numbers are compared relative to their size. */
function tolerance(manifest: Manifest | undefined): string {
  return manifest !== undefined && /classification/.test(manifest.task)
    ? 'tolerance: 0.05 # probabilities may differ by 0.05'
    : 'tolerance: 0.1 # numbers may differ by a tenth';
}

function checks(manifest: Manifest | undefined): string {
  return [
    ...(manifest?.golden === undefined
      ? []
      : [
          '      # The answers that training recorded, repeated by every pod before it takes a request.',
          '      - golden: {}',
        ]),
    ...metrics(metricChecks(manifest)),
    '      # Requests that the candidate failed; callers saw none of these failures.',
    '      - errorRate: { max: 0.02, minSamples: 50, window: 5m }',
    '      # At most so many times as slow as the stable revision in the same window. For a promise to callers, add maxSeconds.',
    '      - latency: { quantile: 0.95, maxRatio: 3, minSamples: 100, window: 5m }',
    '      # How many of the copies must be answered alike. A new model is meant to differ: lower it if you expect that.',
    '      - agreement: { min: 0.9, minSamples: 100, window: 5m }',
    ...(manifest?.reference === undefined
      ? []
      : [
          '      # Whether it predicts another mix than the stable revision (population stability index; 0.2 is a marked shift).',
          '      - predictionShift: { maxPsi: 0.2, minSamples: 200, window: 10m }',
        ]),
    '      # Any query of your Prometheus (the operator needs --prometheus-url).',
    '      # - prometheus: { name: queue, query: \'max(queue_depth{namespace="$namespace"})\', max: 100 }',
  ].join('\n');
}

function metrics(all: readonly MetricCheck[]): readonly string[] {
  if (all.length === 0) return [];
  const lines = all.map(({ name, value, limit }) => {
    const field = limit === undefined ? 'min' : limit.kind;
    const check = `- metric: { name: ${quoted(name)}, ${field}: ${limit?.value ?? value} }`;
    return limit === undefined
      ? `      # ${check} # is ${value} now; max or min, whichever is worse for it`
      : `      ${check} # is ${value} now`;
  });
  return ["      # What training measured, as model.json says: not much worse than today's model.", ...lines];
}

/** Inside { }, where a plain comma or brace would end the value. */
function quoted(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

const HISTORY = `  # What is kept for undo: ten revisions, and the last one with its pods for an hour, so that undo takes seconds.
  history:
    limit: 10
    warm: 1
    warmFor: 1h
`;
