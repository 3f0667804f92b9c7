import { age, columns, noPaint } from '../format/index.ts';
import type { Paint, Tone } from '../format/index.ts';
import { nextStep } from './next-step.ts';
import type { PodView } from './pods.ts';
import type { Outcome, RevisionView, Role, StatusView } from './view.ts';

export interface TreeOptions {
  readonly now: Date;
  readonly paint?: Paint;
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
    '│',
    ...branches(view, options, paint),
    '',
    `${view.reason}: ${view.message}`,
  ];
  const next = options.watching === true && view.outcome === 'progressing' ? undefined : nextStep(view);
  if (next !== undefined) lines.push(`Next: ${next}`);
  return lines.join('\n');
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
  const podRows = columns(blocks.flatMap(({ pods }) => pods.map((pod) => podCells(pod, options))));
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

function podCells(pod: PodView, options: TreeOptions): string[] {
  return [
    pod.name,
    pod.state,
    pod.restarts === 0 ? '' : `${pod.restarts} restarts`,
    age(pod.since, options.now),
    ...(options.wide === true ? [pod.node ?? '<no node>'] : []),
  ];
}
