import { age, allSigns, columns, noPaint } from '../format/index.ts';
import type { Paint, Signs, Tone } from '../format/index.ts';
import { nextSteps } from './next-step.ts';
import type { PodView } from './pods.ts';
import { rolloutLines } from './rollout-lines.ts';
import type { Outcome, RevisionView, Role, StatusView } from './view.ts';

export interface TreeOptions {
  readonly now: Date;
  readonly paint?: Paint;
  readonly signs?: Signs;
  readonly wide?: boolean;
  /** The tree is being followed already: no need to say that it can be. */
  readonly watching?: boolean;
}

const OUTCOME_TONE: Readonly<Record<Outcome, Tone>> = {
  ready: 'good',
  progressing: 'wait',
  stalled: 'bad',
  deleting: 'wait',
};
const ROLE_TONE: Readonly<Record<Role, Tone>> = {
  stable: 'good',
  candidate: 'wait',
  warm: 'plain',
  rejected: 'bad',
  leaving: 'dim',
};

/** The tree of one ModelDeployment: what serves, what is on its way, the one cause and the next step. */
export function renderTree(view: StatusView, options: TreeOptions): string {
  const paint = options.paint ?? noPaint;
  const lines = [
    `${paint('strong', view.name)} (namespace ${view.namespace}): ${paint(OUTCOME_TONE[view.outcome], headline(view))}`,
    `│  asks for ${view.uri}`,
    ...(view.url === undefined ? [] : [`│  serves at ${view.url}`]),
    ...undone(view, options),
    '│',
    ...rolloutBlock(view, options, paint),
    ...branches(view, options, paint),
    ...besideLines(view, options, paint),
    '',
    `${view.reason}: ${view.message}`,
    ...nextSteps(view, options.watching === true).map((step, i) => `${i === 0 ? 'Next:' : '  or:'} ${step}`),
  ];
  return (options.signs ?? allSigns)(lines.join('\n'));
}

function rolloutBlock(view: StatusView, options: TreeOptions, paint: Paint): readonly string[] {
  if (view.rollout === undefined) return [];
  return [...rolloutLines(view.rollout, view.message, options.now, paint).map((line) => `│  ${line}`), '│'];
}

const DRIFT: Readonly<Record<string, readonly [Tone, string]>> = {
  True: ['wait', 'drifted'],
  False: ['good', 'steady'],
  Unknown: ['plain', 'not known'],
};
const RETRAINING_TONE = { Running: 'wait', Succeeded: 'good', Failed: 'bad' } as const;

/** Drift and the last retraining, where there is any. */
function besideLines(
  { drift, retraining }: StatusView,
  { now }: TreeOptions,
  paint: Paint,
): readonly string[] {
  const [tone, word] = DRIFT[drift?.status ?? ''] ?? ['plain', ''];
  return [
    ...(drift === undefined ? [] : ['', `drift: ${paint(tone, word)}. ${drift.message}`]),
    ...(retraining === undefined
      ? []
      : [
          ...(drift === undefined ? [''] : []),
          `retraining: ${paint(RETRAINING_TONE[retraining.lastResult], retraining.lastResult.toLowerCase())}, Job ${retraining.jobName} (${retraining.reason}), begun ${age(retraining.lastStarted, now)} ago${retraining.message === undefined ? '' : `. ${retraining.message}`}`,
        ]),
  ];
}

/** Who brought it back, when and why. */
function undone({ rollback }: StatusView, options: TreeOptions): readonly string[] {
  if (rollback === undefined) return [];
  const { requestedBy, reason } = rollback.spec;
  const why = reason === undefined || reason === '' ? '' : `: ${reason.split('\n')[0] ?? ''}`;
  const when = age(rollback.metadata.creationTimestamp, options.now);
  return [`│  undone by ${requestedBy ?? rollback.metadata.name}, ${when} ago${why}`];
}

function headline(view: StatusView): string {
  const serving = view.revisions.find((revision) => revision.role === 'stable');
  const state = {
    ready: 'Ready',
    progressing: view.phase ?? 'In progress',
    stalled: view.rollback === undefined ? 'Stalled' : 'Undone',
    deleting: 'Being deleted',
  }[view.outcome];
  if (serving === undefined) return `${state}, nothing serves yet`;
  return `${state}, ${named(serving)} ${view.serves ? 'serves' : 'is stable but does not serve'}`;
}

function named(revision: RevisionView): string {
  return revision.number === undefined ? revision.name : `revision ${revision.number}`;
}

/** Aligned first, coloured afterwards: a colour's escape codes have no width. */
function branches(view: StatusView, options: TreeOptions, paint: Paint): string[] {
  const blocks = view.revisions.map((revision) => ({
    revision,
    pods: revision.pods ?? [],
  }));
  const revisionRows = columns(blocks.map(({ revision }) => revisionCells(revision, options)));
  const all = blocks.flatMap(({ revision, pods }) => pods.map((pod) => ({ pod, role: revision.role })));
  const newest = Math.max(0, ...all.map(({ pod }) => pod.applied?.generation ?? 0));
  const podRows = columns(
    all.map(({ pod, role }) => podCells(pod, newest === 0 ? undefined : traffic(pod, role, newest), options)),
  );
  const lines: string[] = [];
  const more = view.retired > 0;
  let podRow = 0;
  blocks.forEach(({ revision, pods }, i) => {
    const last = i === blocks.length - 1 && !more;
    lines.push(`${last ? '└─' : '├─'} ${paint(ROLE_TONE[revision.role], revisionRows[i] ?? '')}`);
    pods.forEach((pod, j) => {
      const text = podRows[podRow] ?? '';
      podRow += 1;
      lines.push(
        `${last ? '   ' : '│  '}${j === pods.length - 1 ? '└─' : '├─'} ${paint(pod.ready ? 'plain' : 'wait', text)}`,
      );
    });
  });
  if (more) {
    const count = view.retired === 1 ? '1 more revision' : `${view.retired} more revisions`;
    lines.push(`└─ ${count} in the history: kubectl windlass history ${view.name} -n ${view.namespace}`);
  }
  return lines.length === 0 ? ['└─ no revision yet'] : lines;
}

function revisionCells(revision: RevisionView, options: TreeOptions): string[] {
  const { pods } = revision;
  const ready = pods?.filter((pod) => pod.ready).length ?? 0;
  return [
    revision.role,
    named(revision),
    revision.modelVersion === undefined ? '' : `model ${revision.modelVersion}`,
    ...(revision.number === undefined ? [] : [revision.name]),
    pods === undefined ? 'pods not visible to you' : `${ready}/${pods.length} pods ready`,
    age(revision.since, options.now),
    revision.role === 'stable' ? '' : (revision.reason ?? ''),
  ];
}

/** What the pod does with requests by its own word; a traffic file that others have and it has not is named. */
function traffic({ applied }: PodView, role: Role, newest: number): string {
  if (applied === undefined) return '';
  const parts = [
    ...(role === 'stable' ? [`passes on ${applied.weight} %`] : []),
    ...(role === 'stable' && applied.shadow > 0 ? [`copies ${applied.shadow} %`] : []),
    ...(applied.generation < newest ? [`has traffic file ${applied.generation} of ${newest}`] : []),
  ];
  return parts.join(', ');
}

/** `passesOn` is undefined where no pod was asked: then there is no such column. */
function podCells(pod: PodView, passesOn: string | undefined, options: TreeOptions): string[] {
  return [
    pod.name,
    pod.state,
    pod.restarts === 0 ? '' : pod.restarts === 1 ? '1 restart' : `${pod.restarts} restarts`,
    ...(passesOn === undefined ? [] : [passesOn]),
    age(pod.since, options.now),
    ...(options.wide === true ? [pod.node ?? '<no node>'] : []),
  ];
}
