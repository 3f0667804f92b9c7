import { parseArgs } from 'node:util';
import { serveConfigSchema } from '#contract/programs.ts';
import { z } from 'zod';
import { DRIFT_DEFAULTS, FEWEST_SAMPLES } from '#runtime/drift/settings.ts';

/** What `runtime serve` takes: the contract with the operator, and what only a person sets. */
export const serveOptionsSchema = serveConfigSchema.extend({
  /** After SIGTERM new connections are still taken for so long, with readiness off. */
  drainSeconds: z.number().min(0).max(3600).default(5),
  /** Most bytes of a request's body. */
  maxBodyBytes: z
    .int()
    .min(1024)
    .max(2 ** 30)
    .default(16 * 1024 * 1024),
  /** Most pixels of a picture, which is refused before it is decoded; absent: what fits into half of the memory limit. */
  maxImagePixels: z
    .int()
    .min(1)
    .max(2 ** 28)
    .optional(),
  /** A request must have arrived after so long, its body included. */
  requestTimeoutSeconds: z.number().min(0.1).max(3600).default(30),
  /** No prediction waits longer for its run: what would is refused with a 503. Once seen busy, a server refuses sooner. */
  maxWaitMs: z.number().min(1).max(600_000).default(1000),
  /** The stable revision has so long to answer a forwarded request, before this pod answers itself. */
  forwardTimeoutSeconds: z.number().min(0.05).max(3600).default(10),
  /** Drift is measured over the rows of so long. */
  driftWindowSeconds: z
    .int()
    .min(10)
    .max(7 * 86_400)
    .default(DRIFT_DEFAULTS.windowSeconds),
  /** Nothing is said of drift below so many rows in the window. */
  driftMinSamples: z.int().min(FEWEST_SAMPLES).default(DRIFT_DEFAULTS.minSamples),
  /** Population stability index above which a feature has drifted. */
  driftThreshold: z.number().positive().max(100).default(DRIFT_DEFAULTS.threshold),
  /** Where the cause of a failed start is written; ignored where the file does not exist. */
  terminationMessageFile: z.string().default('/dev/termination-log'),
});
export type ServeOptions = Readonly<z.infer<typeof serveOptionsSchema>>;

/** How the program was started: by a machine, or by a person who wants to see something. */
export type ServeCommand =
  | { readonly kind: 'serve'; readonly options: ServeOptions; readonly byHand: boolean }
  | { readonly kind: 'help'; readonly text: string };

/** A mistake in the command line; its message is all that the caller needs to see. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Flag {
  readonly name: string;
  readonly field: keyof ServeOptions;
  readonly placeholder: string;
  readonly help: string;
}

const FLAGS: readonly Flag[] = [
  { name: 'model', field: 'model', placeholder: 'PATH', help: "a bundle's folder or an .onnx file" },
  { name: 'port', field: 'port', placeholder: 'N', help: 'HTTP port (8080; 0 picks a free one)' },
  { name: 'host', field: 'host', placeholder: 'ADDRESS', help: 'address to listen on (127.0.0.1)' },
  {
    name: 'name',
    field: 'name',
    placeholder: 'NAME',
    help: "the model's name in the V2 protocol (from the model)",
  },
  {
    name: 'max-batch-size',
    field: 'maxBatchSize',
    placeholder: 'N',
    help: 'most rows that run together (64)',
  },
  {
    name: 'execution-provider',
    field: 'executionProvider',
    placeholder: 'NAME',
    help: 'what runs the graph: cpu, or cuda (docs/gpu.md) (cpu)',
  },
  {
    name: 'max-body-bytes',
    field: 'maxBodyBytes',
    placeholder: 'N',
    help: "most bytes of a request's body (16777216)",
  },
  {
    name: 'max-image-pixels',
    field: 'maxImagePixels',
    placeholder: 'N',
    help: 'most pixels of a picture (by the memory limit, 50 million)',
  },
  {
    name: 'request-timeout',
    field: 'requestTimeoutSeconds',
    placeholder: 'SECONDS',
    help: 'a request must have arrived by then (30)',
  },
  {
    name: 'max-wait',
    field: 'maxWaitMs',
    placeholder: 'MS',
    help: 'a prediction that would wait longer is refused (1000)',
  },
  {
    name: 'drain',
    field: 'drainSeconds',
    placeholder: 'SECONDS',
    help: 'connections are still taken so long after SIGTERM (0)',
  },
  {
    name: 'log-level',
    field: 'logLevel',
    placeholder: 'LEVEL',
    help: 'debug, info, warn or error, as LOG_LEVEL (warn)',
  },
  { name: 'revision', field: 'revision', placeholder: 'NAME', help: 'the revision that answers name' },
  { name: 'sha256', field: 'sha256', placeholder: 'HEX', help: "the artifact's digest, for metrics" },
  {
    name: 'traffic-file',
    field: 'trafficFile',
    placeholder: 'PATH',
    help: 'the traffic file (docs/runtime.md)',
  },
  {
    name: 'forward-timeout',
    field: 'forwardTimeoutSeconds',
    placeholder: 'SECONDS',
    help: 'how long the stable revision may take (10)',
  },
  {
    name: 'peer-port',
    field: 'peerPort',
    placeholder: 'N',
    help: 'serve the model files to other pods here',
  },
  {
    name: 'drift-window',
    field: 'driftWindowSeconds',
    placeholder: 'SECONDS',
    help: 'drift is measured over the rows of so long (3600)',
  },
  {
    name: 'drift-min-samples',
    field: 'driftMinSamples',
    placeholder: 'N',
    help: 'rows in the window before drift is judged (1000)',
  },
  {
    name: 'drift-threshold',
    field: 'driftThreshold',
    placeholder: 'PSI',
    help: 'population stability index that is drift (0.2)',
  },
  {
    name: 'termination-message',
    field: 'terminationMessageFile',
    placeholder: 'PATH',
    help: "where a failed start's cause goes",
  },
];

const NUMBERS: ReadonlySet<keyof ServeOptions> = new Set([
  'port',
  'maxBatchSize',
  'maxBodyBytes',
  'maxImagePixels',
  'requestTimeoutSeconds',
  'maxWaitMs',
  'drainSeconds',
  'forwardTimeoutSeconds',
  'peerPort',
  'driftWindowSeconds',
  'driftMinSamples',
  'driftThreshold',
] as const);

/** What a person gets who gives no flag for it. */
const BY_HAND = { formatVersion: 1, host: '127.0.0.1', logLevel: 'warn', drainSeconds: 0 };

/** Reads `runtime serve`'s arguments; LOG_LEVEL holds where they are silent. Throws UsageError. */
export function parseServeArgs(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ServeCommand {
  const values = parseFlags(args);
  if (values['help'] === true) return { kind: 'help', text: helpText() };
  const config = values['config'];
  const fields = FLAGS.flatMap(({ name, field }) => {
    const value = values[name];
    return typeof value === 'string' ? [[field, NUMBERS.has(field) ? Number(value) : value] as const] : [];
  });
  const level = environment['LOG_LEVEL']?.toLowerCase();
  const byHand = config === undefined;
  const settings = {
    ...(byHand ? BY_HAND : {}),
    ...(level === undefined || level === '' ? {} : { logLevel: level }),
    ...(typeof config === 'string' ? parseConfig(config) : {}),
    ...Object.fromEntries(fields),
  };
  const parsed = serveOptionsSchema.safeParse(settings, {
    error: ({ input }) => (input === undefined ? 'is missing' : undefined),
  });
  if (parsed.success) return { kind: 'serve', options: parsed.data, byHand };
  const problems = parsed.error.issues.map(({ path, message }) => `${flagOf(path[0])}: ${message}`);
  throw new UsageError(`${problems.join('\n')}\n\n${helpText()}`);
}

function parseFlags(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  try {
    const text = { type: 'string' } as const;
    const options = Object.fromEntries(FLAGS.map(({ name }) => [name, text]));
    return parseArgs({ args: [...args], options: { ...options, config: text, help: { type: 'boolean' } } })
      .values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${helpText()}`);
  }
}

function parseConfig(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
    throw new UsageError('--config must be a JSON object (contract/programs.ts, serveConfigSchema)');
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`--config is not JSON: ${String(error)}`);
  }
}

function flagOf(field: PropertyKey | undefined): string {
  const flag = FLAGS.find((candidate) => candidate.field === field);
  return flag === undefined ? String(field ?? 'configuration') : `--${flag.name}`;
}

function helpText(): string {
  const lines = FLAGS.map(
    ({ name, placeholder, help }) => `  ${`--${name} ${placeholder}`.padEnd(30)} ${help}`,
  );
  return [
    'runtime serve --model PATH [--port N] ...',
    "runtime serve --config '<json>'       as the operator starts it",
    '',
    ...lines,
  ].join('\n');
}
