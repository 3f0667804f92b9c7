import { findCondition, REASONS } from '#operator/api/conditions.ts';
import { SHOWN_FEATURES, type DriftSettings, type DriftStatus } from '#operator/api/drift-settings.ts';
import type { ModelDeploymentStatus } from '#operator/api/model-deployment.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { DriftReading, DriftRequest } from '#operator/drift/index.ts';
import { PORT } from '#contract/names.ts';
import { ENDS_AT, shownFeatures, textOf } from './drift-shown.ts';
import { isReady, podsOf } from './revisions.ts';
import type { Observed } from './observed.ts';
import type { Text } from './sentences.ts';

/** What is said of drift, and which features a training program is told of. */
export interface DriftDecision {
  readonly condition: Text & { readonly status: 'True' | 'False' | 'Unknown' };
  readonly shown: DriftStatus | undefined;
  /** Features that were measured as drifted now, not only remembered so. */
  readonly drifted: readonly string[];
}

/** Which pods' bins are to be added up; undefined: none. */
export function driftRequest(o: Observed, stable: string | undefined): DriftRequest | undefined {
  const { drift, replicas } = o.modelDeployment.spec;
  if (drift === undefined || stable === undefined || replicas === 0) return undefined;
  const pods = podsOf(o, stable);
  return {
    revision: stable,
    windowMs: durationMs(drift.window),
    maxPsi: drift.maxPsi,
    minSamples: drift.minSamples,
    pods: pods
      .filter(isReady)
      .flatMap(({ metadata, status }) =>
        status?.podIP === undefined ? [] : [{ uid: metadata.uid ?? '', ip: status.podIP }],
      ),
    unready: pods.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.uid ?? ''),
  };
}

/** What the condition Drifted says; undefined without spec.drift. */
export function decideDrift(o: Observed, stable: string | undefined): DriftDecision | undefined {
  const settings = o.modelDeployment.spec.drift;
  if (settings === undefined) return undefined;
  if (stable === undefined)
    return unknown(undefined, REASONS.noStableRevision, 'No revision was promoted yet.');
  const last = driftedBefore(o, stable);
  if (o.modelDeployment.spec.replicas === 0)
    return unknown(last, REASONS.scaledToZero, 'spec.replicas is 0.');
  const verdict = verdictBefore(o, stable);
  const { drift: reading } = o;
  if (reading.is === 'unread' || reading.revision !== stable) return verdict ?? tooFew(last, settings);
  switch (reading.is) {
    case 'unreachable':
      return unknown(
        last,
        REASONS.podsUnreachable,
        `No pod of the stable revision says what it counted (${reading.why}). Let the operator reach port ${PORT.http} of the model's pods through network policies and meshes.`,
      );
    case 'noReference':
      return unknown(last, REASONS.noReference, reading.why);
    case 'measured':
      return measured(o, settings, reading, stable, verdict);
  }
}

type Measured = Extract<DriftReading, { is: 'measured' }>;

function measured(
  o: Observed,
  settings: DriftSettings,
  { features, complete, leftOut }: Measured,
  stable: string,
  verdict: DriftDecision | undefined,
): DriftDecision {
  const judged = features.filter(({ state }) => state !== 'tooFewRows');
  if (judged.length === 0) {
    if (complete || verdict === undefined) return tooFew(driftedBefore(o, stable), settings);
    return verdict.condition.status === 'True' ? beganAnew(verdict, settings) : verdict;
  }
  const last = driftedBefore(o, stable);
  const drifted = judged.filter(
    ({ name, psi, limit, state }) =>
      state === 'drifted' ||
      (psi > ENDS_AT * limit && last?.features.some((feature) => feature.name === name) === true),
  );
  const rule = { isDrifted: drifted.length > 0, maxPsi: settings.maxPsi };
  const steadyBefore = verdict?.condition.status === 'False' ? verdict.shown : undefined;
  const shown = rule.isDrifted
    ? shownFeatures(last?.features, drifted.slice(0, SHOWN_FEATURES), rule)
    : shownFeatures(steadyBefore?.features, judged.slice(0, 1), rule);
  const farthest = textOf(shown, Math.max(1, drifted.length), rule);
  const since = `drifted from the training data in the last ${settings.window}`;
  const more = leftOut === 0 ? '' : ` (${leftOut} more are too many to add up)`;
  return {
    shown: { revision: stable, features: shown },
    drifted: drifted.map(({ name }) => name),
    condition: rule.isDrifted
      ? {
          status: 'True',
          reason: REASONS.drifted,
          message: `${drifted.length} of ${features.length} have ${since}: ${farthest}${more}. ${nextStep(o)}`,
        }
      : {
          status: 'False',
          reason: REASONS.steady,
          message: `None of ${features.length} has ${since}; the farthest is ${farthest}${more}.`,
        },
  };
}

/** What was said of this very revision before: an operator that restarts has nothing counted yet. */
function verdictBefore(o: Observed, stable: string): DriftDecision | undefined {
  const { conditions, drift: shown } = o.modelDeployment.status ?? {};
  const condition = findCondition(conditions, 'Drifted');
  if (condition === undefined || condition.status === 'Unknown' || shown?.revision !== stable)
    return undefined;
  const { status, message } = condition;
  const reason = status === 'True' ? REASONS.drifted : REASONS.steady;
  return { condition: { status, reason, message }, shown, drifted: [] };
}

/** What had drifted of this very revision when that was known last. */
function driftedBefore(o: Observed, stable: string): DriftStatus | undefined {
  const { status } = o.modelDeployment;
  return driftedRevision(status) === stable ? status?.drift : undefined;
}

/** The revision that has drifted, or had when that was known last. */
export function driftedRevision(status: ModelDeploymentStatus | undefined): string | undefined {
  const condition = findCondition(status?.conditions, 'Drifted');
  return condition === undefined || condition.status === 'False' ? undefined : status?.drift?.revision;
}

function nextStep(o: Observed): string {
  const { retraining } = o.modelDeployment.spec;
  if (retraining?.onDrift !== undefined) {
    return `spec.retraining.onDrift trains a new model for it, at most one in ${retraining.onDrift.cooldown}: see status.retraining.`;
  }
  const command = `kubectl windlass retrain ${o.modelDeployment.metadata.name}`;
  return retraining === undefined
    ? 'See GET /drift of a pod; train a model on newer data, or let spec.retraining do it.'
    : `See GET /drift of a pod; to train on newer data: ${command}.`;
}

const ANEW = ' The operator began to count anew: this was said before, and stands until there are';

function beganAnew(verdict: DriftDecision, { minSamples }: DriftSettings): DriftDecision {
  const { condition } = verdict;
  const message = `${condition.message.split(ANEW)[0]}${ANEW} ${minSamples} rows again.`;
  return { ...verdict, condition: { ...condition, message } };
}

function tooFew(last: DriftStatus | undefined, { minSamples, window }: DriftSettings): DriftDecision {
  return unknown(
    last,
    REASONS.tooFewSamples,
    `Fewer than ${minSamples} rows were answered in the last ${window} by all pods of the stable revision together. A new stable revision, and an operator that restarts, begin to count anew.`,
  );
}

/** What had drifted is not over because nobody can tell: it is kept until somebody can. */
function unknown(last: DriftStatus | undefined, reason: Text['reason'], message: string): DriftDecision {
  return { condition: { status: 'Unknown', reason, message }, shown: last, drifted: [] };
}
