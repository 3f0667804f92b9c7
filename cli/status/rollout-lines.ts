import type { RolloutStatus } from '#operator/api/rollout-status.ts';
import { age, bar, columns, duration } from '../format/index.ts';
import type { Paint, Tone } from '../format/index.ts';
import { phaseName } from './rollout-view.ts';
import type { RolloutView, WaitsFor } from './rollout-view.ts';

type CheckStatus = NonNullable<RolloutStatus['checks']>[number];

const MARK: Readonly<Record<CheckStatus['state'], { readonly sign: string; readonly tone: Tone }>> = {
  Passing: { sign: '✓', tone: 'good' },
  Waiting: { sign: '…', tone: 'wait' },
  Failing: { sign: '✗', tone: 'bad' },
};

const PERSON: Readonly<Record<Exclude<WaitsFor, 'itself'>, string>> = {
  promotion: 'waits for a person: this step has no hold that ends by itself',
  'failed check': 'waits for a person: it failed, and gets no traffic',
  'failed watch': 'waits for a person: it failed while it was watched, and serves on',
  'pause by annotation': 'paused by a person, until it is resumed',
  'pause by spec': 'paused by rollout.paused in the spec',
};

/**
 * The rollout as lines of the tree: where it is, how long, what it waits for, and each check against its limit. `told` is
 * the message below the tree: what it says is not said twice.
 */
export function rolloutLines(view: RolloutView, told: string, now: Date, paint: Paint): readonly string[] {
  const { status } = view;
  const waits =
    status.waitingFor === undefined || told.includes(status.waitingFor) ? [] : [status.waitingFor];
  return [
    [paint('strong', phaseName(status)), ...share(view)].join('   '),
    ...(view.plan.length > 1 ? [`plan    ${plan(view)}`] : []),
    ...timing(view, now, paint),
    ...waits.map((what) => `waits   ${what}`),
    ...checks(status.checks ?? [], paint),
    ...shadow(status),
  ];
}

function share(view: RolloutView): readonly string[] {
  const { phase, weight = 0, pods, podsWanted } = view.status;
  const ready = podsWanted === undefined ? [] : [`${pods ?? 0} of ${podsWanted} candidate pods ready`];
  const copies = view.copies === undefined ? '' : `, copies of ${view.copies} %`;
  switch (phase) {
    case 'Resolving':
      return ['the source is read and checked'];
    case 'Starting':
      return ready;
    case 'Baking':
      return ['the new revision has all the traffic and is watched; the one before stays warm'];
    case 'Shadow':
    case 'Step':
    case 'Paused':
    case 'Promoting':
      return [`stable ${100 - weight} % ${bar(100 - weight)} candidate ${weight} %${copies}`, ...ready];
  }
}

/** `✓ 5 % → [25 %] → 50 % → 100 %`: the steps that are done, the one that it is at, and those that come. */
function plan({ status, plan: weights }: RolloutView): string {
  const { phase, step = 0 } = status;
  const promoted = phase === 'Promoting' || phase === 'Baking';
  return weights
    .map((weight, i) => {
      const last = i === weights.length - 1;
      const at = promoted ? last : i + 1 === step;
      const done = promoted ? !last || phase === 'Baking' : i + 1 < step;
      const text = `${weight} %`;
      return done ? `✓ ${text}` : at ? `[${text}]` : text;
    })
    .join(' → ');
}

function timing(view: RolloutView, now: Date, paint: Paint): readonly string[] {
  const { status, waitsFor } = view;
  const here = `here for ${age(status.since, now)}`;
  if (waitsFor !== 'itself') return [`hold    ${paint('wait', PERSON[waitsFor])}; ${here}`];
  if (status.holdUntil === undefined) return [`hold    none; ${here}`];
  const left = Date.parse(status.holdUntil) - now.getTime();
  const clock = `${status.holdUntil.slice(11, 19)} UTC`;
  const what = status.phase === 'Baking' ? 'watched' : 'held';
  if (left <= 0) return [`hold    over since ${clock}: every check has to pass now`];
  return [`hold    ${paint('strong', `${duration(left)} left`)}, ${what} until ${clock}`];
}

/** Aligned first, coloured afterwards. */
function checks(all: readonly CheckStatus[], paint: Paint): readonly string[] {
  const rows = columns(all.map((check) => cells(check)));
  return all.flatMap((check, i) => {
    const { sign, tone } = MARK[check.state];
    const message = check.state === 'Passing' || check.message === undefined ? [] : [`    ${check.message}`];
    return [`${paint(tone, sign)} ${rows[i] ?? ''}`, ...message];
  });
}

function cells({ name, value, limit, samples }: CheckStatus): string[] {
  return [name, value ?? 'no reading', limit, samples === undefined ? '' : `${samples} samples`];
}

function shadow({ shadow: compared }: RolloutStatus): readonly string[] {
  if (compared === undefined) return [];
  const share = compared.compared === 0 ? undefined : (100 * compared.agreed) / compared.compared;
  const parts = [
    share === undefined
      ? 'nothing compared yet'
      : `${percent(share)} % of ${compared.compared} copies answered alike`,
    ...(compared.p99Difference === undefined ? [] : [`p99 difference ${compared.p99Difference}`]),
    ...(compared.failed === 0 ? [] : [`${compared.failed} failed`]),
    ...(compared.dropped === 0 ? [] : [`${compared.dropped} not sent`]),
  ];
  return [`shadow  ${parts.join(', ')}`];
}

/** Rounded down: 99.97 % must not read as 100 %. */
function percent(value: number): string {
  return String(Math.floor(value * 10) / 10);
}
