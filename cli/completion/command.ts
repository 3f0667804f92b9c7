import { MODEL_DEPLOYMENT } from '#operator/kube/index.ts';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { readRevisions } from '../read.ts';
import { newestFirst, revisionNumber } from '../revisions.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';
import { complete } from './candidates.ts';
import type { Candidate, Completion } from './candidates.ts';
import { shapesOf } from './shape.ts';

/** Cobra's directives, which kubectl hands to the shell: 0 completes file names where there is nothing, 4 does not. */
const FILES = 0;
const NO_FILES = 4;
/** Somebody waits at a prompt. */
const DEADLINE_MS = 3000;

/** Prints what could come next, in the form that kubectl's plugin completion reads. Never fails. */
export async function completeWords(words: readonly string[], program: Command, io: Io): Promise<void> {
  const { commands, globals } = shapesOf(program);
  const completion = complete(words, commands, globals);
  const found = await candidates(completion, io).catch(() => []);
  const matching = found.filter(({ value }) => value.startsWith(completion.prefix));
  const lines = matching.map(({ value, description }) =>
    description === '' ? value : `${value}\t${description}`,
  );
  const directive = completion.wanted.kind === 'file' ? FILES : NO_FILES;
  io.out([...lines, `:${directive}`, ''].join('\n'));
}

async function candidates(completion: Completion, io: Io): Promise<readonly Candidate[]> {
  const { wanted, given } = completion;
  if (wanted.kind === 'words') return wanted.candidates;
  if (wanted.kind === 'file' || wanted.kind === 'nothing') return [];
  const options = {
    ...(given['namespace'] === undefined ? {} : { namespace: given['namespace'] }),
    ...(given['context'] === undefined ? {} : { context: given['context'] }),
    ...(given['kubeconfig'] === undefined ? {} : { kubeconfig: given['kubeconfig'] }),
  };
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(DEADLINE_MS)]);
  return withSession(options, signal, (session) => {
    if (wanted.kind === 'deployment') return deployments(session);
    return wanted.kind === 'revision' ? revisions(session, wanted.deployment) : namespaces(session);
  });
}

async function deployments({ kube, namespace, call }: Session): Promise<readonly Candidate[]> {
  const found = await kube.list(MODEL_DEPLOYMENT, { namespace }, call);
  return found.map(({ metadata, status }) => ({
    value: metadata.name,
    description: status?.modelVersion === undefined ? '' : `model ${status.modelVersion}`,
  }));
}

async function revisions(session: Session, deployment: string): Promise<readonly Candidate[]> {
  return newestFirst(await readRevisions(session, deployment)).flatMap((revision) => {
    const number = revisionNumber(revision);
    const { state } = revision.status ?? {};
    const version = revision.spec.model.version;
    const description = [state, version === undefined ? undefined : `model ${version}`].filter(
      (part) => part !== undefined,
    );
    return number === undefined ? [] : [{ value: String(number), description: description.join(', ') }];
  });
}

async function namespaces({ kube, call }: Session): Promise<readonly Candidate[]> {
  const answer = await kube.raw('GET', '/api/v1/namespaces', call);
  if (answer.status !== 200) return [];
  const body = JSON.parse(answer.body.toString('utf8')) as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return body.items.map(({ metadata }) => ({ value: metadata.name, description: '' }));
}
