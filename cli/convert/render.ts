import { stringify } from 'yaml';
import { API_VERSION } from '#contract/names.ts';
import type { Conversion } from './convert.ts';

type Converted = Extract<Conversion, { kind: 'converted' }>;

/** The ModelDeployment as YAML, with what a reader of KServe's has to know; `notes` are lines. */
export function render({ from, name, namespace, labels, spec }: Converted, notes: readonly string[]): string {
  const { model, replicas, autoscaling, serving, rollout } = spec;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  return [
    `# From the InferenceService ${from}. Every field: docs/api.md, or kubectl explain modeldeployment.spec`,
    ...(notes.length === 0 ? [] : ['#', ...notes.map((note) => `# ${note}`)]),
    yaml({ apiVersion: API_VERSION, kind: 'ModelDeployment', metadata }, 0),
    'spec:',
    '  # Which model. Its bytes are checked before a pod starts, and pinned: new bytes here are a new revision.',
    yaml({ model }, 1),
    ...(replicas === undefined ? [] : [yaml({ replicas }, 1)]),
    ...(autoscaling === undefined
      ? []
      : [
          '  # Windlass makes the HorizontalPodAutoscaler, and it owns the number of pods.',
          yaml({ autoscaling }, 1),
        ]),
    ...(Object.keys(serving).length === 0
      ? []
      : ['  # A change here makes a new revision too.', yaml({ serving }, 1)]),
    ...rolloutLines(rollout),
    '',
  ].join('\n');
}

function rolloutLines(rollout: Converted['spec']['rollout']): readonly string[] {
  if (Object.keys(rollout).length > 0) {
    return [
      '  # KServe’s canaryTrafficPercent: the next revision stays at this share until kubectl windlass promote. With a hold and',
      '  # checks it goes on by itself, or is taken back (docs/rollouts.md).',
      yaml({ rollout }, 1),
    ];
  }
  return [
    '  # A new revision takes all the traffic once its pods are ready. Shares of it, checked step by step (docs/rollouts.md):',
    '  # rollout:',
    '  #   steps: [{ weight: 5, hold: 2m }, { weight: 25, hold: 5m }, { weight: 50, hold: 5m }]',
  ];
}

/** YAML as kubectl reads it (1.1 quotes `on` and `y`), so many levels deep. */
function yaml(value: object, depth: number): string {
  const text = stringify(value, { lineWidth: 0, version: '1.1' }).trimEnd();
  return text
    .split('\n')
    .map((line) => '  '.repeat(depth) + line)
    .join('\n');
}
