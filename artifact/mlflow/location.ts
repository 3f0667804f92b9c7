import { FailureError } from '#contract/failure.ts';

/** Where a registered version's files are, as far as its URI says. */
export type Location =
  | { readonly by: 's3'; readonly uri: string }
  /** Below the tracking server's artifact root, behind `/api/2.0/mlflow-artifacts/artifacts/`. */
  | { readonly by: 'mlflow'; readonly path: string }
  | { readonly by: 'run'; readonly runId: string; readonly path: string }
  | { readonly by: 'loggedModel'; readonly modelId: string };

const PROXY = '/api/2.0/mlflow-artifacts/artifacts/';
const SCHEME = 'mlflow-artifacts:/';

/**
 * Reads what get-download-uri answers; `what` names the version in messages, `server` is the tracking server's URL.
 * Throws a FailureError for places that only MLflow's own machine or another service can read.
 */
export function parseLocation(uri: string, what: string, server: string): Location {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case 's3': {
      const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/s.exec(uri) ?? [];
      if (bucket === undefined || key === undefined || /[?#]/.test(uri)) throw unreadable(uri, what);
      return { by: 's3', uri: `s3://${bucket}/${key.replace(/\/*$/, '/')}` };
    }
    case 'mlflow-artifacts':
    case 'http':
    case 'https':
      return { by: 'mlflow', path: proxiedPath(uri, what, server) };
    case 'runs': {
      const [, runId, path = ''] = /^runs:\/([A-Za-z0-9_-]+)(?:\/(.*))?$/.exec(uri) ?? [];
      if (runId === undefined) throw unreadable(uri, what);
      return { by: 'run', runId, path: safePath(path, uri, what) };
    }
    case 'models': {
      const [, modelId] = /^models:\/(m-[A-Za-z0-9]+)$/.exec(uri) ?? [];
      if (modelId === undefined) throw unreadable(uri, what);
      return { by: 'loggedModel', modelId };
    }
    default:
      throw unreadable(uri, what);
  }
}

/** The URI that an artifact names, for files behind the tracking server: a folder, so with a slash at the end. */
export function proxiedUri(path: string): string {
  return path === '' ? SCHEME : `${SCHEME}${path}/`;
}

/** The path in an artifact's URI; undefined for one of another kind. */
export function pathOfProxiedUri(uri: string): string | undefined {
  return uri.startsWith(SCHEME) ? uri.slice(SCHEME.length).replace(/\/$/, '') : undefined;
}

/** A URI below a folder's. */
export function below(folder: string, path: string): string {
  return path === '' ? folder : `${folder.replace(/\/*$/, '/')}${path}`;
}

/** Credentials go to the tracking server alone, whatever other host an answer of it names. */
function proxiedPath(uri: string, what: string, server: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  // A URL parser would fold these away, and another folder would be read than the one that was named.
  if (url === undefined || /\/\.\.?(\/|$)/.test(decoded(uri))) throw unreadable(uri, what);
  const isElsewhere = url.host !== '' && url.host !== new URL(server).host;
  const isProxy = url.protocol === 'mlflow-artifacts:' || url.pathname.includes(PROXY);
  if (isElsewhere || !isProxy) {
    throw new FailureError(
      'AccessDenied',
      `${what} lies at ${url.protocol}//${url.host}, which is not the tracking server ${new URL(server).host}; nothing is read from there. ` +
        'Register it with artifacts of the tracking server or s3://, or set MLFLOW_TRACKING_URI to that host.',
    );
  }
  const path =
    url.protocol === 'mlflow-artifacts:'
      ? url.pathname
      : url.pathname.slice(url.pathname.indexOf(PROXY) + PROXY.length);
  return safePath(decoded(path), uri, what);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function safePath(path: string, uri: string, what: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  // eslint-disable-next-line no-control-regex
  if (segments.some((segment) => segment === '.' || segment === '..' || /[\\#\x00-\x1f]/.test(segment)))
    throw unreadable(uri, what);
  return segments.join('/');
}

function unreadable(uri: string, what: string): FailureError {
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):/i.exec(uri)?.[1];
  const kind = scheme === undefined ? 'a path on the machine of the MLflow server' : `a ${scheme}: URI`;
  return new FailureError(
    'NotFound',
    `${what} lies at ${kind}, which cannot be read from here. ` +
      'Let the MLflow server keep its artifacts in S3 (--default-artifact-root s3://...) or serve them (--artifacts-destination), and register the model again.',
  );
}
