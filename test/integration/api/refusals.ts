/** What is wrong, the spec's fields that are, and what the API server says. */
type Refusal = readonly [what: string, spec: object, message: string];

export const refusedDeployments: readonly Refusal[] = [
  ['an unknown field', { modell: {} }, 'unknown field "spec.modell"'],
  ['retraining without a job', { retraining: {} }, 'spec.retraining.job: Required value'],
  [
    'retraining for drift that nobody watches',
    { retraining: { onDrift: {}, job: { image: 'train:1' } } },
    'retraining.onDrift needs drift to be watched: add drift: {}',
  ],
  [
    'a schedule that is none',
    { retraining: { schedule: 'every day', job: { image: 'train:1' } } },
    'must be five cron fields',
  ],
  [
    'a time zone without a schedule',
    { retraining: { timeZone: 'Europe/Berlin', job: { image: 'train:1' } } },
    'timeZone is the schedule’s',
  ],
  [
    'a variable of a retraining that is Windlass’s own',
    { retraining: { job: { image: 'train:1', env: [{ name: 'WINDLASS_REASON', value: 'x' }] } } },
    'not begin with WINDLASS_',
  ],
  [
    'a variable with a value from two places',
    {
      retraining: {
        job: {
          image: 'train:1',
          env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        },
      },
    },
    'needs either value or valueFrom',
  ],
  ['a drift window of days on end', { drift: { window: '169h' } }, 'must be from 1m to 168h'],
  ['drift of a handful of rows', { drift: { minSamples: 10 } }, 'should be greater than or equal to 200'],
  ['no step in steps', { rollout: { steps: [] } }, 'spec.rollout.steps in body should have at least 1 items'],
  [
    'steps that do not increase',
    { rollout: { steps: [{ weight: 25 }, { weight: 5 }] } },
    'weights must increase from step to step, up to at most 100',
  ],
  [
    'steps with the same weight',
    { rollout: { steps: [{ weight: 25 }, { weight: 25 }] } },
    'weights must increase from step to step',
  ],
  ['a step over 100', { rollout: { steps: [{ weight: 101 }] } }, 'should be less than or equal to 100'],
  ['a step of nothing', { rollout: { steps: [{ weight: 0 }] } }, 'should be greater than or equal to 1'],
  [
    'a hold of no time',
    { rollout: { steps: [{ weight: 5, hold: '0s' }] } },
    'must be above zero, in hours, minutes and seconds',
  ],
  [
    'a check of no kind',
    { rollout: { checks: [{}] } },
    'a check is exactly one of metric, golden, errorRate',
  ],
  [
    'a check of two kinds',
    { rollout: { checks: [{ golden: {}, errorRate: { max: 0.1 } }] } },
    'a check is exactly one of',
  ],
  [
    'a window longer than readings are kept',
    { rollout: { steps: [{ weight: 5 }], checks: [{ errorRate: { max: 0.1, window: '11m' } }] } },
    'must be at most 10m: readings are kept no longer',
  ],
  [
    'a check without samples',
    { rollout: { checks: [{ errorRate: { max: 0.1, minSamples: 0 } }] } },
    'should be greater than or equal to 1',
  ],
  [
    'a share over 1',
    { rollout: { checks: [{ errorRate: { max: 5 } }] } },
    'should be less than or equal to 1',
  ],
  [
    'a latency without a limit',
    { rollout: { checks: [{ latency: {} }] } },
    'name a limit: maxSeconds, maxRatio',
  ],
  [
    'a metric without a limit',
    { rollout: { checks: [{ metric: { name: 'rmse' } }] } },
    'name a limit: max, min',
  ],
  [
    'an empty query',
    { rollout: { checks: [{ prometheus: { query: '', max: 1 } }] } },
    'should be at least 1 chars',
  ],
  [
    'agreement without shadow copies',
    { rollout: { checks: [{ agreement: { min: 0.9 } }] } },
    'the check agreement compares shadow answers',
  ],
  [
    'checks that nothing would look at',
    { rollout: { checks: [{ errorRate: { max: 0.1 } }] } },
    'these checks would never be looked at',
  ],
  [
    'a latency while there are only copies',
    { rollout: { shadow: { hold: '1m' }, checks: [{ latency: { maxSeconds: 1 } }] } },
    'a check would never be looked at',
  ],
  [
    'a ratio to nothing, after the promotion',
    { rollout: { bake: '1m', checks: [{ latency: { maxRatio: 2 } }] } },
    'a check would never be looked at',
  ],
  [
    'a shift without steps',
    { rollout: { shadow: { hold: '1m' }, checks: [{ predictionShift: {} }] } },
    'a check would never be looked at',
  ],
  [
    'limits that no metric meets',
    { rollout: { checks: [{ metric: { name: 'rmse', min: 3, max: 1 } }] } },
    'min must not be above max',
  ],
  ['a candidate that may take an hour', { rollout: { candidateTimeout: '1h' } }, 'must be at most 10m'],
  ['another onFailure', { rollout: { onFailure: 'hope' } }, 'Unsupported value: "hope"'],
  ['less than no surge', { rollout: { maxSurge: -1 } }, 'should be greater than or equal to 0'],
  ['a header with a space', { rollout: { sticky: { header: 'user id' } } }, 'spec.rollout.sticky.header'],
  ['a number where a text belongs', { model: { uri: 3 } }, 'spec.model.uri: Invalid value: "integer"'],
  ['a text where a number belongs', { replicas: 'two' }, 'spec.replicas: Invalid value: "string"'],
  ['no model', { model: undefined }, 'spec.model: Required value'],
  ['another scheme', { model: { uri: 'https://models/churn/' } }, 'must be s3://<bucket>/<prefix>/'],
  ['a bucket alone', { model: { uri: 's3://models' } }, 'must be s3://<bucket>/<prefix>/'],
  [
    'a file of another format',
    { model: { uri: 's3://models/churn.pkl' } },
    'uri must end in "/" (a folder with model.json',
  ],
  [
    'a URI with an empty segment',
    { model: { uri: 's3://models//churn/' } },
    'must have no empty, "." or ".."',
  ],
  ['a URI that leads up', { model: { uri: 's3://models/a/../churn/' } }, 'must have no empty, "." or ".."'],
  ['a URI that stays', { model: { uri: 's3://models/./a.onnx' } }, 'must have no empty, "." or ".."'],
  [
    'a pinned version that is followed',
    { model: { uri: 's3://models/a/', versionId: 'v', refreshInterval: '1m' } },
    'spec.model.refreshInterval: Invalid value: a pinned version cannot be followed',
  ],
  [
    'a digest that is followed',
    { model: { uri: 's3://models/a/', sha256: 'a'.repeat(64), refreshInterval: '1m' } },
    'a pinned version cannot be followed: leave out refreshInterval, or both versionId and sha256',
  ],
  [
    'a stage of a registered model',
    { model: { uri: 'models:/Churn/Production' } },
    'or models:/<name>@<alias>',
  ],
  ['a version that is no number', { model: { uri: 'models:/Churn/v2' } }, 'with a whole number'],
  [
    'a registered version that is followed',
    { model: { uri: 'models:/Churn/2', refreshInterval: '1m' } },
    'a registered version never changes: follow an alias',
  ],
  [
    'an S3 version of a registered model',
    { model: { uri: 'models:/Churn@champion', versionId: 'v' } },
    'versionId is of an S3 object',
  ],
  ['an image that cannot be', { serving: { image: 'bad image!' } }, 'must be an image reference such as'],
  [
    'a label’s key that cannot be',
    { serving: { pod: { labels: { 'a b': 'x' } } } },
    'keys must be label keys',
  ],
  [
    'a label’s value that cannot be',
    { serving: { pod: { labels: { team: 'a b' } } } },
    'must be a label’s value',
  ],
  ['a URI without end', { model: { uri: `s3://models/${'a'.repeat(1024)}/` } }, 'spec.model.uri: Too long'],
  [
    'a digest of another kind',
    { model: { uri: 's3://models/a/', sha256: 'abc' } },
    'must be 64 lower-case hex digits',
  ],
  [
    'a Secret’s name that cannot be',
    { model: { uri: 's3://models/a/', credentials: { secretName: 'A_b' } } },
    'must be the name of a Kubernetes object',
  ],
  ['replicas below zero', { replicas: -1 }, 'greater than or equal to 0'],
  [
    'a duration of zero',
    { rollout: { progressDeadline: '0s' } },
    'must be above zero, in hours, minutes and seconds',
  ],
  ['a duration in days', { history: { warmFor: '1d' } }, 'such as 90s, 5m or 1h30m'],
  [
    'more warm revisions than are kept',
    { history: { limit: 1, warm: 2 } },
    'spec.history.warm: Invalid value: warm must not be above limit',
  ],
  [
    'a log level that is none',
    { serving: { logLevel: 'trace' } },
    'supported values: "debug", "info", "warn", "error"',
  ],
  [
    'a quantity that is none',
    { serving: { resources: { limits: { memory: '1GB' } } } },
    'must be a quantity of zero or more',
  ],
  [
    'a quantity below zero',
    { serving: { resources: { limits: { memory: -1 } } } },
    'must be a quantity of zero or more',
  ],
  [
    'a resource that is misspelt',
    { serving: { resources: { limits: { mem: '1Gi' } } } },
    'knows cpu, memory, ephemeral-storage',
  ],
  [
    'a request above its limit',
    { serving: { resources: { requests: { memory: '1025Mi' }, limits: { memory: '1Gi' } } } },
    'each request must be at most the limit',
  ],
  [
    'another execution provider',
    { serving: { executionProvider: 'tensorrt' } },
    'supported values: "cpu", "cuda"',
  ],
  [
    'CUDA without a GPU',
    { serving: { executionProvider: 'cuda', resources: { limits: { 'nvidia.com/gpu': 0 } } } },
    'executionProvider cuda needs a GPU: raise nvidia.com/gpu above 0, or leave it out to get one',
  ],
  [
    'a GPU that nothing uses',
    { serving: { resources: { limits: { 'nvidia.com/gpu': '1' } } } },
    'nvidia.com/gpu would be held for nothing, because executionProvider cpu does not use it',
  ],
  [
    'a variable of Windlass’s own',
    { serving: { pod: { env: [{ name: 'WINDLASS_PEER_TOKEN', value: '' }] } } },
    'not begin with WINDLASS_',
  ],
  [
    'a variable given twice',
    {
      serving: {
        pod: {
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
          ],
        },
      },
    },
    'Duplicate value',
  ],
  [
    'a label of Windlass’s own',
    { serving: { pod: { labels: { 'windlass.dev/revision': 'x' } } } },
    'keys that begin with windlass.dev/',
  ],
  [
    'an annotation of Windlass’s own',
    { serving: { pod: { annotations: { 'windlass.dev/artifact': 'x' } } } },
    'keys that begin with windlass.dev/',
  ],
  [
    'autoscaling with bounds the wrong way round',
    {
      autoscaling: { minReplicas: 3, maxReplicas: 2, targetCPUUtilizationPercentage: 70 },
    },
    'minReplicas must not be above maxReplicas',
  ],
  ['autoscaling with no target', { autoscaling: { maxReplicas: 2 } }, 'name a target'],
];

export const refusedRollbacks: readonly Refusal[] = [
  ['no ModelDeployment', { modelDeployment: undefined }, 'spec.modelDeployment: Required value'],
  ['a revision number below one', { toRevision: 0 }, 'greater than or equal to 1'],
  ['no revision’s name', { toRevision: '' }, 'spec.toRevision'],
  ['a fraction', { toRevision: 1.5 }, 'spec.toRevision'],
  ['an unknown field', { revision: 3 }, 'unknown field "spec.revision"'],
];
