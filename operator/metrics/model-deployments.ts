import { Gauge, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';
import type { ModelDeployment } from '#operator/api/objects.ts';

/** The ModelDeployments that are known now; their status is what a metric tells. */
export type ListModelDeployments = () => readonly ModelDeployment[];

export type Labels = Readonly<Record<string, string>>;
export type Series = readonly [labels: Labels, value: number];

/**
 * A gauge that is made of the ModelDeployments when somebody reads it. It keeps nothing: what is gone is gone at the next
 * reading, and a thousand objects cost memory only while their text is written.
 */
export class ModelDeploymentGauge extends Gauge {
  readonly #read: () => readonly Series[];

  constructor(name: string, help: string, read: () => readonly Series[]) {
    super({ name, help, registers: [] });
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const { values: _, ...described } = await super.get();
    return { ...described, values: this.#read().map(([labels, value]) => ({ labels, value })) };
  }
}

interface PerObject {
  readonly name: string;
  readonly help: string;
  /** What one ModelDeployment adds, beside the labels namespace and name. */
  readonly read: (object: ModelDeployment) => readonly Series[];
}

const NO_LABELS: Labels = {};

const PER_OBJECT: readonly PerObject[] = [
  {
    name: 'windlass_modeldeployment_info',
    help: 'What serves, and what is happening; 1. revision: the stable ModelRevision, number: its number, candidate: the ModelRevision on its way',
    read: ({ status }) => [
      [
        {
          revision: status?.stableRevision ?? '',
          number: text(status?.revision),
          version: status?.modelVersion ?? '',
          candidate: status?.candidateRevision ?? '',
          phase: status?.rollout?.phase ?? 'Stable',
          reason: reasonOf(status),
        },
        1,
      ],
    ],
  },
  {
    name: 'windlass_modeldeployment_condition',
    help: 'Each condition with the status that it has now; 1',
    read: ({ status }) =>
      (status?.conditions ?? []).map((condition): Series => [
        { type: condition.type, status: condition.status },
        1,
      ]),
  },
  {
    name: 'windlass_modeldeployment_spec_replicas',
    help: 'Pods that the spec asks for',
    read: ({ spec }) => [[NO_LABELS, spec.replicas]],
  },
  {
    name: 'windlass_modeldeployment_replicas',
    help: 'Pods of the stable revision',
    read: ({ status }) => number(status?.replicas),
  },
  {
    name: 'windlass_modeldeployment_ready_replicas',
    help: 'Pods of the stable revision that are ready',
    read: ({ status }) => number(status?.readyReplicas),
  },
  {
    name: 'windlass_modeldeployment_retraining',
    help: 'The last retraining: its Job, why it began and what became of it; 1. Absent where there was none',
    read: ({ status }) => {
      if (status?.retraining === undefined) return [];
      const { jobName, reason, lastResult } = status.retraining;
      return [[{ job_name: jobName, reason, result: lastResult }, 1]];
    },
  },
  {
    name: 'windlass_rollout_weight',
    help: 'Percent of the requests that the candidate answers; absent without a rollout',
    read: ({ status }) => (status?.rollout === undefined ? [] : [[NO_LABELS, status.rollout.weight ?? 0]]),
  },
  {
    name: 'windlass_rollout_step',
    help: 'The step that the rollout is at, from 1; 0 before the first one; absent without a rollout',
    read: ({ status }) => (status?.rollout === undefined ? [] : [[NO_LABELS, status.rollout.step ?? 0]]),
  },
  {
    name: 'windlass_rollout_phase_since_seconds',
    help: 'When the rollout’s phase or step began, Unix time; absent without a rollout',
    read: ({ status }) => {
      const since = status?.rollout === undefined ? Number.NaN : Date.parse(status.rollout.since);
      return Number.isNaN(since) ? [] : [[NO_LABELS, since / 1000]];
    },
  },
  {
    name: 'windlass_rollout_check',
    help: 'Each check of the rollout with the state that it has now; 1',
    read: ({ status }) =>
      (status?.rollout?.checks ?? []).map((check): Series => [{ check: check.name, state: check.state }, 1]),
  },
];

/** Registers what is told of each ModelDeployment, and how many there are in each state. */
export function registerModelDeployments(registry: Registry, list: ListModelDeployments): void {
  const byState = (): readonly Series[] =>
    [...Map.groupBy(list(), ({ status }) => reasonOf(status))].map(([state, all]) => [{ state }, all.length]);
  registry.registerMetric(
    new ModelDeploymentGauge(
      'windlass_modeldeployments',
      'ModelDeployments by the reason of their condition Ready',
      byState,
    ),
  );
  for (const { name, help, read } of PER_OBJECT) {
    const series = (): readonly Series[] =>
      list().flatMap((object) => {
        const { namespace = '', name: own } = object.metadata;
        return read(object).map(([labels, value]): Series => [{ namespace, name: own, ...labels }, value]);
      });
    registry.registerMetric(new ModelDeploymentGauge(name, help, series));
  }
}

function reasonOf(status: ModelDeployment['status']): string {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.reason ?? 'New';
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function number(value: number | undefined): readonly Series[] {
  return value === undefined ? [] : [[NO_LABELS, value]];
}
