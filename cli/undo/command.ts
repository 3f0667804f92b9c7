import { API_VERSION } from '#contract/names.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import { MODEL_DEPLOYMENT, MODEL_REVISION, MODEL_ROLLBACK } from '#operator/kube/index.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../options.ts';
import { poll } from '../poll.ts';
import { describeRevision, revisionNumber } from '../revisions.ts';
import { readRollout } from '../rollout/annotate.ts';
import type { RolloutInput } from '../rollout/candidate.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';
import { abortPlan } from './abort.ts';
import { createRollback, whoAmI } from './create.ts';
import { undoState } from './progress.ts';
import { rollbackName, undoPlan } from './target.ts';
import type { UndoPlan } from './target.ts';

export interface AbortOptions extends GlobalOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
  readonly output?: 'json' | 'yaml';
}

export interface UndoOptions extends AbortOptions {
  readonly toRevision?: string;
}

const INTERVAL_MS = 150;

export function undo(name: string, options: UndoOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const input = await readRollout(session, name);
    const plan = undoPlan({ ...input, toRevision: options.toRevision });
    return carryOut(session, input, plan, options, io);
  });
}

/** Ends a rollout: an undo to the revision that serves. Asked twice, it waits for the first. */
export function abort(name: string, options: AbortOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const input = await readRollout(session, name);
    const planned = abortPlan(input);
    switch (planned.kind) {
      case 'done':
        if (options.output === undefined) io.out(`${planned.message}\n`);
        else io.out(`${document(options.output, planned.rollback)}\n`);
        return EXIT.ok;
      case 'requested':
        return settle(session, planned.rollback, planned.plan, options, io);
      case 'abort':
        return carryOut(session, input, planned.plan, options, io);
    }
  });
}

async function carryOut(
  session: Session,
  { deployment, rollbacks }: RolloutInput,
  plan: UndoPlan,
  options: AbortOptions,
  io: Io,
): Promise<ExitCode> {
  const requestedBy = await whoAmI(session);
  const taken = new Set(rollbacks.map((rollback) => rollback.metadata.name));
  const created = await createRollback(
    session,
    (attempt) => rollbackObject(deployment, plan, attempt, requestedBy, options),
    taken,
    options.dryRun === true,
  );
  return settle(session, created, plan, options, io);
}

async function settle(
  session: Session,
  created: ModelRollback,
  plan: UndoPlan,
  options: AbortOptions,
  io: Io,
): Promise<ExitCode> {
  if (options.dryRun === true || !options.wait) {
    report(created, plan, options, io);
    return EXIT.ok;
  }
  if (options.output === undefined) announce(plan, created, io);
  const settled = await waitUntilServing(session, created, plan, options, io);
  if (options.output === undefined) {
    const { kube, namespace, call } = session;
    const serving = await kube.get(MODEL_REVISION, { namespace, name: plan.to.metadata.name }, call);
    io.out(wayForward(settled, plan.to, serving, namespace));
  } else {
    io.out(`${document(options.output, settled.rollback)}\n`);
  }
  return EXIT.ok;
}

function rollbackObject(
  deployment: ModelDeployment,
  plan: UndoPlan,
  attempt: number,
  requestedBy: string | undefined,
  options: AbortOptions,
): ModelRollback {
  const { name, namespace } = deployment.metadata;
  return {
    apiVersion: API_VERSION,
    kind: 'ModelRollback',
    metadata: {
      name: rollbackName(plan, name, attempt),
      ...(namespace === undefined ? {} : { namespace }),
    },
    spec: {
      modelDeployment: name,
      toRevision: plan.to.metadata.name,
      ...(plan.fromSpecHash === undefined ? {} : { fromSpecHash: plan.fromSpecHash }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(requestedBy === undefined ? {} : { requestedBy }),
    },
  };
}

function report(created: ModelRollback, plan: UndoPlan, options: AbortOptions, io: Io): void {
  if (options.output !== undefined) {
    io.out(`${document(options.output, created)}\n`);
    return;
  }
  const note = options.dryRun === true ? ' (dry run: nothing has been written)' : '';
  io.out(`modelrollback.windlass.dev/${created.metadata.name} created${note}\n`);
  io.out(`${change(plan)}\n`);
}

function announce(plan: UndoPlan, created: ModelRollback, io: Io): void {
  io.err(`modelrollback.windlass.dev/${created.metadata.name} created: ${change(plan)}\n`);
  if (!plan.warm) {
    io.err(`${describeRevision(plan.to)} has no running pods: they start first (some seconds) ...\n`);
  }
}

function change(plan: UndoPlan): string {
  const from = plan.from === undefined ? '' : `${describeRevision(plan.from)} -> `;
  const version = plan.to.spec.model.version;
  return `${from}${describeRevision(plan.to)}${version === undefined ? '' : ` (model ${version})`}`;
}

interface Settled {
  readonly rollback: ModelRollback;
  readonly takesEffect: 'serves' | 'scaledToZero';
}

async function waitUntilServing(
  session: Session,
  created: ModelRollback,
  plan: UndoPlan,
  options: AbortOptions,
  io: Io,
): Promise<Settled> {
  const { kube, namespace, call } = session;
  let waitsFor = '';
  return poll(
    async () => {
      const [rollback, deployment] = await Promise.all([
        kube.get(MODEL_ROLLBACK, { namespace, name: created.metadata.name }, call),
        kube.get(MODEL_DEPLOYMENT, { namespace, name: created.spec.modelDeployment }, call),
      ]);
      const state = undoState(rollback, deployment, plan.to.metadata.name);
      switch (state.kind) {
        case 'serves':
        case 'scaledToZero':
          return { rollback, takesEffect: state.kind };
        case 'failed':
          throw new CliError(`the undo does not hold: ${state.message}`, { exitCode: EXIT.stalled });
        case 'waiting':
          waitsFor = state.for;
          return undefined;
      }
    },
    {
      signal: io.signal,
      timeoutMs: options.timeout,
      intervalMs: INTERVAL_MS,
      get what() {
        return `waiting for ${waitsFor}`;
      },
    },
  );
}

/** `before` and `serving` are one revision: what comes back takes a new number. */
function wayForward(
  { rollback, takesEffect }: Settled,
  before: ModelRevision,
  serving: ModelRevision,
  namespace: string,
): string {
  const renumbered = revisionNumber(serving) !== revisionNumber(before);
  const now = renumbered ? `, now as ${describeRevision(serving)}` : '';
  return [
    takesEffect === 'serves'
      ? `${describeRevision(before)} serves${now}.`
      : `${describeRevision(before)} is the stable one${now}; it serves once the ModelDeployment is scaled up from 0.`,
    'It holds until spec.model or spec.serving changes. To go forward again:',
    '  apply a corrected ModelDeployment, or take the undo back:',
    `  kubectl delete modelrollback ${rollback.metadata.name} -n ${namespace}`,
    '',
  ].join('\n');
}
