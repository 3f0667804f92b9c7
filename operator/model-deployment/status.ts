import type { Artifact } from '#contract/artifact.ts';
import { formatBytes } from '#artifact/preflight/index.ts';
import {
  REASONS,
  withTransitionTimes,
  type ConditionContent,
  type ConditionType,
  type Reason,
} from '#operator/api/conditions.ts';
import { specHash } from '#operator/api/hashes.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import type { RetrainingStatus } from '#operator/api/retraining-settings.ts';
import { LABEL } from '#contract/names.ts';
import { isoTime } from './annotations.ts';
import type { DriftDecision } from './drift.ts';
import { describe } from './describe.ts';
import { because, routes, serves, text, type Text } from './sentences.ts';
import { ownerOf } from './identity.ts';
import type { Observed } from './observed.ts';
import { podsOf, resolvedRevision } from './revisions.ts';
import { rolloutStatus } from './rollout-status.ts';
import {
  lostRecord,
  modelVersion,
  servingOf,
  situationOf,
  type Outcome,
  type Serving,
  type Situation,
} from './situation.ts';

interface Row {
  readonly ready: 'True' | 'False';
  readonly reconciling: boolean;
  readonly stalled: boolean;
  /** What those who wait make of it: kstatus (kubectl wait, Helm, Flux) and Argo CD. */
  readonly kstatus: 'Current' | 'InProgress' | 'Failed';
  readonly argo: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
}

const DONE: Row = { ready: 'True', reconciling: false, stalled: false, kstatus: 'Current', argo: 'Healthy' };
const ON_ITS_WAY: Row = {
  ready: 'False',
  reconciling: true,
  stalled: false,
  kstatus: 'InProgress',
  argo: 'Progressing',
};
const STUCK: Row = { ready: 'False', reconciling: false, stalled: true, kstatus: 'Failed', argo: 'Degraded' };

/** The one table: situation -> Ready, Reconciling, Stalled. Available follows from the stable revision's pods and the routes to them alone. */
export const CONDITION_TABLE: Readonly<Record<Situation['is'], Row>> = {
  obstructed: STUCK,
  rejected: STUCK,
  rollingBack: ON_ITS_WAY,
  rolledBack: STUCK,
  sourceFailed: STUCK,
  sourceUnavailable: ON_ITS_WAY,
  resolving: ON_ITS_WAY,
  starting: ON_ITS_WAY,
  rollingOut: ON_ITS_WAY,
  suspended: { ...ON_ITS_WAY, argo: 'Suspended' },
  baking: { ...ON_ITS_WAY, ready: 'True' },
  bakeFailed: { ...ON_ITS_WAY, argo: 'Suspended' },
  scaledToZero: DONE,
  unavailable: ON_ITS_WAY,
  routing: ON_ITS_WAY,
  scaling: { ...ON_ITS_WAY, ready: 'True' },
  serving: DONE,
};

function available(serving: Serving, isRouted: boolean): { readonly status: 'True' | 'False' } & Text {
  if (serving.desired === 0) {
    return { status: 'False', reason: REASONS.scaledToZero, message: 'spec.replicas is 0.' };
  }
  if (serving.revision === undefined) {
    return { status: 'False', reason: REASONS.noStableRevision, message: 'No revision was promoted yet.' };
  }
  if (serving.ready > 0 && !isRouted)
    return { status: 'False', reason: REASONS.routing, message: routes(serving) };
  if (serving.ready > 0) return { status: 'True', reason: REASONS.serving, message: serves(serving) };
  const message = `No pod of revision ${text(serving.revision)} is ready.${because(serving.failure)}`;
  return { status: 'False', reason: serving.failure?.reason ?? REASONS.unavailable, message };
}

function resolution(o: Observed, outcome: Outcome): { readonly status: 'True' | 'False' | 'Unknown' } & Text {
  const failure = 'failure' in o.source ? o.source.failure : undefined;
  if (failure !== undefined) return { status: 'False', reason: failure.reason, message: failure.message };
  const resolved = resolvedRevision(outcome.facts, o.modelDeployment.spec);
  if (resolved !== undefined) {
    return { status: 'True', reason: REASONS.resolved, message: found(resolved.object.spec.artifact) };
  }
  if (o.source.state === 'resolved') {
    return { status: 'True', reason: REASONS.resolved, message: found(o.source.source.artifact) };
  }
  if (outcome.rollback !== undefined) {
    return {
      status: 'Unknown',
      reason: REASONS.idle,
      message: 'The source is not looked at while the spec is undone.',
    };
  }
  return {
    status: 'Unknown',
    reason: REASONS.resolving,
    message: `Reading and checking ${o.modelDeployment.spec.model.uri}.`,
  };
}

function found({ uri, sha256, size, registry }: Artifact): string {
  const named = registry === undefined ? '' : `Version ${registry.version} of ${registry.name}, `;
  return `${named}${uri} is sha256 ${sha256.slice(0, 12)}, ${formatBytes(size)}.`;
}

function conditions(
  o: Observed,
  outcome: Outcome,
  drift: DriftDecision | undefined,
  situation: Situation,
  serving: Serving,
): ModelDeploymentStatus['conditions'] {
  const row = CONDITION_TABLE[situation.is];
  const told = describe(situation, serving, o);
  const ready = row.stalled ? { ...told, message: `${told.message}${lostRecord(outcome)}` } : told;
  const { generation } = o.modelDeployment.metadata;
  const condition = (
    type: ConditionType,
    status: 'True' | 'False' | 'Unknown',
    { reason, message }: Text,
  ): ConditionContent => ({
    type,
    status,
    reason,
    message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  });
  const quiet: Text = { reason: REASONS.idle, message: '' };
  const isAvailable = available(serving, outcome.routedAt === undefined);
  const isResolved = resolution(o, outcome);
  const stalledReason: Reason = situation.is === 'rejected' ? REASONS.rejected : ready.reason;
  return [
    ...withTransitionTimes(
      [
        condition('Ready', row.ready, ready),
        condition('Available', isAvailable.status, isAvailable),
        condition('Reconciling', row.reconciling ? 'True' : 'False', row.reconciling ? ready : quiet),
        condition(
          'Stalled',
          row.stalled ? 'True' : 'False',
          row.stalled ? { ...ready, reason: stalledReason } : quiet,
        ),
        condition('ModelResolved', isResolved.status, isResolved),
        ...(drift === undefined ? [] : [condition('Drifted', drift.condition.status, drift.condition)]),
      ],
      o.modelDeployment.status?.conditions,
      isoTime(o.now),
    ),
  ];
}

export interface StatusDecision {
  readonly status: ModelDeploymentStatus;
  readonly situation: Situation;
}

/** What has a status of its own beside the rollout. */
export interface Beside {
  readonly drift: DriftDecision | undefined;
  readonly retraining: RetrainingStatus | undefined;
}

export function decideStatus(o: Observed, outcome: Outcome, { drift, retraining }: Beside): StatusDecision {
  const owner = ownerOf(o.modelDeployment);
  const serving = servingOf(o, outcome);
  const situation = situationOf(o, outcome);
  const { stable, facts } = outcome;
  const version = modelVersion(facts, stable);
  const { generation } = o.modelDeployment.metadata;
  const source = sourceStatus(o);
  return {
    situation,
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: conditions(o, outcome, drift, situation, serving),
      ...rolloutStatus(o, outcome),
      ...(stable === undefined
        ? {}
        : {
            stableRevision: stable,
            selector: `${LABEL.modelDeployment}=${owner.name},${LABEL.revision}=${stable}`,
            url: `http://${owner.name}.${owner.namespace}.svc`,
          }),
      ...(version === undefined ? {} : { modelVersion: version }),
      ...(serving.revision?.number === undefined ? {} : { revision: serving.revision.number }),
      replicas: stable === undefined ? 0 : podsOf(o, stable).length,
      readyReplicas: serving.ready,
      specHash: specHash(o.modelDeployment.spec),
      ...(source === undefined ? {} : { source }),
      ...(drift?.shown === undefined ? {} : { drift: drift.shown }),
      ...(retraining === undefined ? {} : { retraining }),
    },
  };
}

/** Written where the marker moved, not at each look: looking is no news. */
function sourceStatus(o: Observed): ModelDeploymentStatus['source'] {
  const before = o.modelDeployment.status?.source;
  if (o.source.state !== 'resolved' || o.source.source.marker === undefined) return before;
  const { marker } = o.source.source;
  return before?.marker === marker ? before : { marker, checkedAt: isoTime(o.source.at) };
}
