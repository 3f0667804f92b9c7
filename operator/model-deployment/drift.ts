import { findCondition, REASONS } from '#operator/api/conditions.ts';
import { SHOWN_FEATURES, type DriftSettings, type DriftStatus } from '#operator/api/drift-settings.ts';
import { durationMs } from '#operator/api/schema.ts';
import type { DriftReading, DriftRequest, FeatureDrift } from '#operator/drift/index.ts';
import { PORT } from '#contract/names.ts';
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

/** A feature that has drifted stays so until it is this far below its limit: one at the limit would come and go. */
const ENDS_AT = 0.8;
/** What is shown of an index moves in such steps, because each costs a write. */
const STEP = 0.05;
const STEP_SHARE = 0.2;
const NAMED = 5;

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
  if (stable === undefined) return unknown(REASONS.noStableRevision, 'No revision was promoted yet.');
  if (o.modelDeployment.spec.replicas === 0) return unknown(REASONS.scaledToZero, 'spec.replicas is 0.');
  const verdict = verdictBefore(o, stable);
  const { drift: reading } = o;
  if (reading.is === 'unread' || reading.revision !== stable) return verdict ?? tooFew(settings);
  switch (reading.is) {
    case 'unreachable':
      return unknown(
        REASONS.podsUnreachable,
        `No pod of the stable revision says what it counted (${reading.why}). Let the operator reach port ${PORT.http} of the model's pods through network policies and meshes.`,
      );
    case 'noReference':
      return unknown(REASONS.noReference, reading.why);
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
    if (complete || verdict === undefined) return tooFew(settings);
    return verdict.condition.status === 'True' ? beganAnew(verdict, settings) : verdict;
  }
  const before = verdict?.condition.status === 'True' ? (verdict.shown?.features ?? []) : [];
  const drifted = judged.filter(
    ({ name, psi, limit, state }) =>
      state === 'drifted' || (psi > ENDS_AT * limit && before.some((feature) => feature.name === name)),
  );
  const isDrifted = drifted.length > 0;
  const told = isDrifted ? drifted.slice(0, SHOWN_FEATURES) : judged.slice(0, 1);
  const shown = { revision: stable, features: steps(shownBefore(o, stable), told, isDrifted) };
  const [compared, more] = [
    features.length,
    leftOut === 0 ? '' : ` (${leftOut} more are too many to add up)`,
  ];
  return {
    shown,
    drifted: drifted.map(({ name }) => name),
    condition: isDrifted
      ? {
          status: 'True',
          reason: REASONS.drifted,
          message: `${drifted.length} of ${compared} have drifted from the training data in the last ${settings.window}: ${named(shown, drifted.length)}; the limit is ${settings.maxPsi}${more}. ${nextStep(o)}`,
        }
      : {
          status: 'False',
          reason: REASONS.steady,
          message: `None of ${compared} has drifted from the training data in the last ${settings.window}; the farthest is ${named(shown, 1)}, the limit is ${settings.maxPsi}${more}.`,
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

function shownBefore(o: Observed, stable: string): DriftStatus['features'] {
  const { drift } = o.modelDeployment.status ?? {};
  return drift?.revision === stable ? drift.features : [];
}

/** The features as they are shown: as before, where none of them has moved by a step. */
function steps(
  before: DriftStatus['features'],
  now: readonly FeatureDrift[],
  isDrifted: boolean,
): DriftStatus['features'] {
  const rounded = now.map(({ name, psi }) => ({ name, psi: Math.round(psi * 100) / 100 }));
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= Math.max(STEP, STEP_SHARE * a);
  const same = isDrifted
    ? before.length === rounded.length &&
      before.every(({ name, psi }) => {
        const after = rounded.find((feature) => feature.name === name);
        return after !== undefined && near(psi, after.psi);
      })
    : before.length === 1 && near(before[0]?.psi ?? 0, rounded[0]?.psi ?? 0);
  return same ? before : rounded;
}

function named({ features }: DriftStatus, all: number): string {
  const texts = features.slice(0, NAMED).map(({ name, psi }) => `${name} (PSI ${psi})`);
  return all > texts.length ? `${texts.join(', ')} and ${all - texts.length} more` : texts.join(', ');
}

function nextStep(o: Observed): string {
  const { retraining } = o.modelDeployment.spec;
  if (retraining?.onDrift !== undefined) return 'A Job trains a new model for it (spec.retraining.onDrift).';
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

function tooFew({ minSamples, window }: DriftSettings): DriftDecision {
  return unknown(
    REASONS.tooFewSamples,
    `Fewer than ${minSamples} rows were answered in the last ${window} by all pods of the stable revision together. A new stable revision, and an operator that restarts, begin to count anew.`,
  );
}

function unknown(reason: Text['reason'], message: string): DriftDecision {
  return { condition: { status: 'Unknown', reason, message }, shown: undefined, drifted: [] };
}
