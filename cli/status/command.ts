import { MODEL_DEPLOYMENT } from '#operator/kube/index.ts';
import { EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document, paintFor, signsFor } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions, OutputFormat } from '../options.ts';
import { poll } from '../poll.ts';
import { readStatus } from '../read.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';
import { screenFor } from './screen.ts';
import { renderList } from './table.ts';
import { renderTree } from './tree.ts';
import { outcomeOf, statusView } from './view.ts';
import type { Outcome, Readings } from './view.ts';

export interface StatusOptions extends GlobalOptions {
  readonly watch?: boolean;
  readonly timeout: number;
  readonly output?: OutputFormat;
  readonly allNamespaces?: boolean;
}

const EXIT_OF: Readonly<Record<Outcome, ExitCode>> = {
  ready: EXIT.ok,
  stalled: EXIT.stalled,
  progressing: EXIT.progressing,
  deleting: EXIT.progressing,
};
const INTERVAL_MS = 700;
/** A hold counts down by the second, whether or not the API server answers. */
const TICK_MS = 250;

export function status(name: string | undefined, options: StatusOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    if (name === undefined) return list(session, options, io);
    if (options.watch === true) return watch(session, name, options, io);
    const readings = await readStatus(session, name);
    io.out(`${render(readings, options, io)}\n`);
    return EXIT_OF[outcomeOf(readings.deployment)];
  });
}

/** All of a namespace; the exit code is that of the one which is worst off. */
async function list(session: Session, options: StatusOptions, io: Io): Promise<ExitCode> {
  const everywhere = options.allNamespaces === true;
  const scope = everywhere ? {} : { namespace: session.namespace };
  const found = await session.kube.list(MODEL_DEPLOYMENT, scope, session.call);
  if (options.output === 'json' || options.output === 'yaml') {
    io.out(`${document(options.output, { items: found })}\n`);
  } else if (found.length === 0) {
    io.err(`No ModelDeployment ${everywhere ? 'in any namespace' : `in namespace ${session.namespace}`}.\n`);
  } else {
    io.out(
      `${renderList(found, { now: io.now(), namespaces: everywhere, wide: options.output === 'wide' })}\n`,
    );
  }
  const outcomes = new Set(found.map((deployment) => outcomeOf(deployment)));
  const worst = (['stalled', 'progressing', 'deleting'] as const).find((outcome) => outcomes.has(outcome));
  return EXIT_OF[worst ?? 'ready'];
}

/** Until it is ready or stalled. Documents (-o json) are printed once, at the end. */
async function watch(session: Session, name: string, options: StatusOptions, io: Io): Promise<ExitCode> {
  const screen = screenFor(io);
  const machine = options.output === 'json' || options.output === 'yaml';
  let seen: Readings | undefined;
  const redraw = (): void => {
    if (seen !== undefined && !machine) screen.show(render(seen, options, io, true));
  };
  const clock = setInterval(redraw, TICK_MS);
  const last = await poll(
    async () => {
      seen = await readStatus(session, name);
      redraw();
      const outcome = outcomeOf(seen.deployment);
      return outcome === 'ready' || outcome === 'stalled' ? seen : undefined;
    },
    {
      signal: io.signal,
      timeoutMs: options.timeout,
      intervalMs: INTERVAL_MS,
      what: `${name} is neither ready nor stalled`,
    },
  ).finally(() => clearInterval(clock));
  if (machine) io.out(`${render(last, options, io)}\n`);
  return EXIT_OF[outcomeOf(last.deployment)];
}

function render(readings: Readings, options: StatusOptions, io: Io, watching = false): string {
  if (options.output === 'json' || options.output === 'yaml') {
    const { deployment, revisions, rollbacks, pods } = readings;
    return document(options.output, {
      modelDeployment: deployment,
      revisions,
      rollbacks,
      pods: pods ?? null,
    });
  }
  return renderTree(statusView(readings), {
    now: io.now(),
    paint: paintFor(io.stdout, io.env),
    signs: signsFor(io.env),
    wide: options.output === 'wide',
    watching,
  });
}
