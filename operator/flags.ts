import { hostname } from 'node:os';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { logLevels } from './logging.ts';
import type { LogLevel } from './logging.ts';
import { NOTIFICATION_KINDS, notifySettings, type NotifySettings } from './notify/index.ts';

/** How this operator was started. */
export interface Flags {
  readonly runtimeImage: string;
  /** For models that run on a GPU. */
  readonly cudaRuntimeImage: string;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** undefined: every namespace. */
  readonly namespaces: readonly string[] | undefined;
  readonly metricsHost: string;
  readonly metricsPort: number;
  readonly logLevel: LogLevel;
  readonly concurrency: number;
  readonly maxConnections: number;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  /** undefined: the namespace of the pod or of the kubeconfig's context. */
  readonly leaseNamespace: string | undefined;
  readonly identity: string;
  readonly allowLoopbackEndpoints: boolean;
  /** Whom the checks named prometheus ask; undefined: nobody. */
  readonly prometheusUrl: string | undefined;
  readonly prometheusTokenFile: string | undefined;
  /** undefined: nobody is told. */
  readonly notify: NotifySettings | undefined;
}

export type ParsedFlags =
  | { readonly kind: 'run'; readonly flags: Flags }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string };

interface FlagDescription {
  readonly value?: string;
  readonly help: string;
  readonly environment?: string;
  readonly default?: string;
}

/** Every flag, as --help shows it. A flag wins over its environment variable. */
const descriptions = {
  'runtime-image': {
    value: 'IMAGE',
    environment: 'WINDLASS_RUNTIME_IMAGE',
    help: 'what serves a model whose spec names no image; required',
  },
  'runtime-image-cuda': {
    value: 'IMAGE',
    environment: 'WINDLASS_RUNTIME_IMAGE_CUDA',
    help: 'the same with executionProvider: cuda; absent: the runtime image with -cuda after its name',
  },
  kubeconfig: {
    value: 'FILE',
    help: 'sign in with this file instead of the pod’s service account; KUBECONFIG works as well',
  },
  context: { value: 'NAME', help: 'a context of the kubeconfig other than its current one' },
  namespace: { value: 'NAME', help: 'work in this namespace alone; the same as --namespaces with one name' },
  namespaces: {
    value: 'NAME,...',
    environment: 'WINDLASS_NAMESPACES',
    help: 'work in these namespaces alone, with rights in no other; absent: in every namespace',
  },
  'metrics-host': {
    value: 'ADDRESS',
    default: '0.0.0.0',
    help: 'where /metrics, /healthz, /livez and /readyz listen',
  },
  'metrics-port': {
    value: 'PORT',
    default: '8080',
    help: 'port of /metrics and health; 0: one that is free',
  },
  'log-level': {
    value: 'LEVEL',
    default: 'info',
    environment: 'WINDLASS_LOG_LEVEL',
    help: logLevels.join(', '),
  },
  concurrency: { value: 'N', default: '16', help: 'ModelDeployments worked on at the same time' },
  'max-connections': {
    value: 'N',
    default: '24',
    help: 'connections to the API server, watches not counted',
  },
  'leader-elect': { help: 'act only while holding the Lease: needed with two replicas or more' },
  'lease-name': { value: 'NAME', default: 'windlass-operator', help: 'the Lease’s name' },
  'lease-namespace': {
    value: 'NAME',
    environment: 'POD_NAMESPACE',
    help: 'the Lease’s namespace; absent: the pod’s, or the kubeconfig context’s',
  },
  identity: {
    value: 'NAME',
    environment: 'POD_NAME',
    help: 'this replica’s name in the Lease, unique among those that run; absent: one that is made up',
  },
  'allow-loopback-endpoints': {
    help: 'let models come from S3 endpoints on this machine: for tests of an operator outside of a cluster alone',
  },
  'prometheus-url': {
    value: 'URL',
    environment: 'WINDLASS_PROMETHEUS_URL',
    help: 'the Prometheus that rollouts’ checks named prometheus ask, with what comes before /api/v1; absent: they wait',
  },
  'prometheus-token-file': {
    value: 'FILE',
    help: 'a bearer token for it, read anew for each query',
  },
  'notify-url': {
    value: 'URL',
    environment: 'WINDLASS_NOTIFY_URL',
    help: 'a webhook that is told of undos, rejections and promotions; give it by the variable, which no process list shows',
  },
  'notify-template': {
    value: 'NAME',
    default: 'json',
    environment: 'WINDLASS_NOTIFY_TEMPLATE',
    help: 'the webhook’s body: json, slack, teams, or a file (docs/monitoring.md)',
  },
  'notify-on': {
    value: 'KIND,...',
    default: 'undone,rejected,promoted,drifted',
    environment: 'WINDLASS_NOTIFY_ON',
    help: `what the webhook is told of: ${NOTIFICATION_KINDS.join(', ')}`,
  },
  help: { help: 'this text' },
} as const satisfies Readonly<Record<string, FlagDescription>>;

type FlagName = keyof typeof descriptions;
type Given = Readonly<Partial<Record<FlagName, string | boolean>>>;

export function parseFlags(args: readonly string[], environment: NodeJS.ProcessEnv): ParsedFlags {
  try {
    const given = read(args);
    if (given.help === true) return { kind: 'help', text: helpText() };
    return { kind: 'run', flags: toFlags(given, environment) };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { kind: 'wrong', message: `${said}\nRun with --help for the flags.` };
  }
}

function read(args: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [
      name,
      { type: 'value' in description ? ('string' as const) : ('boolean' as const) },
    ]),
  );
  return parseArgs({ args: [...args], options, allowPositionals: false, allowNegative: true }).values;
}

function toFlags(given: Given, environment: NodeJS.ProcessEnv): Flags {
  const text = (name: FlagName): string | undefined => {
    const description: FlagDescription = descriptions[name];
    const flag = given[name];
    const variable = description.environment === undefined ? undefined : environment[description.environment];
    const value = typeof flag === 'string' ? flag : (variable ?? description.default);
    return value === '' ? undefined : value;
  };
  const runtimeImage = text('runtime-image');
  if (runtimeImage === undefined) throw new Error('--runtime-image is missing: the image that serves models');
  return {
    runtimeImage,
    cudaRuntimeImage: text('runtime-image-cuda') ?? cudaImage(runtimeImage),
    kubeconfig: text('kubeconfig'),
    context: text('context'),
    namespaces: namespacesOf(text('namespace'), text('namespaces')),
    metricsHost: text('metrics-host') ?? '0.0.0.0',
    metricsPort: wholeNumber('metrics-port', text('metrics-port'), 0, 65_535),
    logLevel: levelOf(text('log-level')),
    concurrency: wholeNumber('concurrency', text('concurrency'), 1, 1000),
    maxConnections: wholeNumber('max-connections', text('max-connections'), 1, 1000),
    leaderElect: given['leader-elect'] === true,
    leaseName: text('lease-name') ?? 'windlass-operator',
    leaseNamespace: text('lease-namespace'),
    allowLoopbackEndpoints: given['allow-loopback-endpoints'] === true,
    ...prometheusOf(text('prometheus-url'), text('prometheus-token-file')),
    notify: notifySettings(
      text('notify-url'),
      text('notify-template') ?? 'json',
      text('notify-on') ?? NOTIFICATION_KINDS.join(','),
    ),
    identity: text('identity') ?? `${hostname()}-${randomBytes(4).toString('hex')}`,
  };
}

/** registry/name:tag -> registry/name-cuda:tag. A digest is of other bytes, so it goes. */
function cudaImage(image: string): string {
  const [name = ''] = image.split('@', 1);
  const [, path = name, tag = ''] = /^(.*?)(:[^:/]+)?$/.exec(name) ?? [];
  return `${path}-cuda${tag}`;
}

function namespacesOf(one: string | undefined, several: string | undefined): readonly string[] | undefined {
  if (one !== undefined && several !== undefined)
    throw new Error('give --namespace or --namespaces, not both');
  const names = (one ?? several)?.split(',').map((name) => name.trim());
  for (const name of names ?? []) {
    if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
      throw new Error(`--namespaces: ${JSON.stringify(name)} is no name of a namespace`);
    }
  }
  return names === undefined ? undefined : [...new Set(names)];
}

function prometheusOf(
  url: string | undefined,
  tokenFile: string | undefined,
): Pick<Flags, 'prometheusUrl' | 'prometheusTokenFile'> {
  if (url === undefined) {
    if (tokenFile === undefined) return { prometheusUrl: undefined, prometheusTokenFile: undefined };
    throw new Error('--prometheus-token-file: a token for nobody; give --prometheus-url as well');
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new Error(
      `--prometheus-url: ${JSON.stringify(url)} is no URL that begins with http:// or https://`,
    );
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new Error('--prometheus-url: no user or password here; --prometheus-token-file takes a token');
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    throw new Error(`--prometheus-url: ${JSON.stringify(url)} has a ? or #, behind which no path can go on`);
  }
  return { prometheusUrl: url, prometheusTokenFile: tokenFile };
}

function wholeNumber(name: FlagName, value: string | undefined, least: number, most: number): number {
  const number = Number(value);
  if (value !== undefined && Number.isInteger(number) && number >= least && number <= most) return number;
  throw new Error(
    `--${name}: ${JSON.stringify(value)} is not a whole number from ${String(least)} to ${String(most)}`,
  );
}

function levelOf(value: string | undefined): LogLevel {
  const level = logLevels.find((each) => each === value);
  if (level === undefined)
    throw new Error(`--log-level: ${JSON.stringify(value)} is none of ${logLevels.join(', ')}`);
  return level;
}

function helpText(): string {
  const rows = Object.entries(descriptions).map(([name, description]: [string, FlagDescription]) => {
    const notes = [
      ...(description.default === undefined ? [] : [`default ${description.default}`]),
      ...(description.environment === undefined ? [] : [`or ${description.environment}`]),
    ];
    const left = `  --${name}${description.value === undefined ? '' : `=${description.value}`}`;
    return `${left.padEnd(30)} ${description.help}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
  });
  return `The Windlass operator: serves ONNX models in Kubernetes.

Usage: operator --runtime-image=IMAGE [flags]

${rows.join('\n')}

SIGTERM and SIGINT end it cleanly: work under way stops, and the Lease is given back.
`;
}
