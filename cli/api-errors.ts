import { isKubeError } from '#operator/kube/index.ts';
import type { KubeError, KubeErrorKind } from '#operator/kube/index.ts';
import { CliError, EXIT } from './exit.ts';

const HINTS: Readonly<Record<KubeErrorKind, string | undefined>> = {
  forbidden: undefined, // by what was tried: see missingRole
  transient: 'is the cluster running, and is this the right --context?',
  notFound: undefined,
  gone: 'run the command again',
  conflict: 'somebody changed it at the same time: run the command again',
  alreadyExists: undefined,
  invalid: undefined,
  terminal: undefined,
};

/** An error of the API server as one line and what to do about it. */
export function fromKubeError(error: KubeError): CliError {
  if (error.status === 401) {
    return new CliError(`the API server does not know who you are: ${error.message}`, {
      hint: 'sign in again, or check the user of this --context',
      cause: error,
    });
  }
  if (isMissingApi(error)) {
    return new CliError('this cluster does not know ModelDeployments: Windlass is not installed there', {
      hint: 'helm install windlass charts/windlass -n windlass-system --create-namespace, or another --context',
      cause: error,
    });
  }
  const hint = error.kind === 'forbidden' ? missingRole(error.message) : HINTS[error.kind];
  return new CliError(error.message, {
    exitCode: error.kind === 'notFound' ? EXIT.notFound : EXIT.error,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The API server says `cannot patch resource "modeldeployments" in API group ...`; the roles are the chart's. */
const ROLES: readonly (readonly [RegExp, string])[] = [
  [/cannot patch resource "modeldeployments"/, 'windlass-edit (to promote, pause and resume)'],
  [/cannot create resource "modelrollbacks"/, 'windlass-rollback (to undo and abort)'],
  [/resource "services\/proxy"/, 'edit, or a role with get and create on services/proxy (to predict)'],
  [/resource "events"/, 'windlass-view, or a role with list on events of events.k8s.io'],
];

function missingRole(message: string): string {
  const role = ROLES.find(([pattern]) => pattern.test(message))?.[1] ?? 'windlass-view (to look)';
  return `ask for the ClusterRole ${role} in that namespace, or see what you may: kubectl auth can-i --list -n NAMESPACE`;
}

/** A 404 for a whole kind is a plain page; one for an object names it in its details. */
export function isMissingApi(error: KubeError): boolean {
  return error.kind === 'notFound' && error.details?.name === undefined;
}

export function isMissingObject(error: unknown): boolean {
  return isKubeError(error, 'notFound') && !isMissingApi(error);
}
