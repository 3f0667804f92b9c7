import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sha256 } from '#contract/canonical.ts';
import { serveOptionsSchema, type ServeOptions } from '#runtime/config.ts';
import type { Model } from '#runtime/model/load.ts';
import { runServe } from '#runtime/server.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { onnxModel, type OnnxModel } from '#test/support/onnx.ts';

// Models, servers and processes for the runtime's tests.

/** Files in a folder of their own, gone with the test. */
export class Folder implements AsyncDisposable {
  readonly path: string;
  private constructor(path: string) {
    this.path = path;
  }
  static async create(files: BundleFiles = new Map()): Promise<Folder> {
    const folder = new Folder(await mkdtemp(join(tmpdir(), 'windlass-runtime-')));
    for (const [name, bytes] of files) await folder.write(name, bytes);
    return folder;
  }
  async write(name: string, bytes: Uint8Array | string): Promise<string> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return path;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A server in this process, on a free port of the loopback interface. */
export interface TestServer {
  readonly url: string;
  readonly model: Model;
  /** Ends it; resolves to the exit code. */
  stop(how?: 'drain' | 'stop'): Promise<number>;
}

export async function startServer(model: string, options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const ready = Promise.withResolvers<{ readonly model: Model; readonly port: number }>();
  const requested = Promise.withResolvers<'drain' | 'stop'>();
  const parsed = serveOptionsSchema.parse({
    formatVersion: 1,
    model,
    port: 0,
    host: '127.0.0.1',
    logLevel: 'error',
    drainSeconds: 0,
    terminationMessageFile: '/nonexistent/termination-log',
    ...options,
  });
  const done = runServe(parsed, {
    shutdown: { requested: requested.promise, hurried: new Promise(() => undefined) },
    onReady: (loaded, port) => ready.resolve({ model: loaded, port }),
  });
  void done.then((code) => ready.reject(new Error(`the server ended with ${code}`)));
  const started = await ready.promise;
  return {
    url: `http://127.0.0.1:${started.port}`,
    model: started.model,
    stop: (how = 'stop') => {
      requested.resolve(how);
      return done;
    },
  };
}

/** The classifier of people that leave, small bodies and short patience, for all tests of a file. */
export async function serveClassifier(): Promise<TestServer & { readonly folder: Folder }> {
  const folder = await Folder.create(classifierBundle());
  const server = await startServer(folder.path, {
    maxBodyBytes: 200_000,
    requestTimeoutSeconds: 1,
    name: 'leavers',
  });
  return {
    ...server,
    folder,
    stop: async (how) => {
      const code = await server.stop(how);
      await folder[Symbol.asyncDispose]();
      return code;
    },
  };
}

/** A server in a process of its own. */
export interface TestProcess extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  /** Resolves to the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const spawned = new Set<ChildProcess>();

/** Ends servers that are left of a test that ran out of time, which gives nothing back itself: for afterEach. */
export function endSpawned(): void {
  for (const child of spawned) child.kill('SIGKILL');
}

export async function spawnServer(
  options: Partial<ServeOptions> & { model: string },
  nodeFlags: readonly string[] = [],
): Promise<TestProcess> {
  const config = { formatVersion: 1, port: 0, host: '127.0.0.1', logLevel: 'info', ...options };
  const args = [...nodeFlags, 'runtime/main.ts', 'serve', '--config', JSON.stringify(config)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  spawned.add(child);
  const ended = new Promise<number | string>((resolve) => {
    child.on('exit', (code, signal) => {
      spawned.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    let port: number | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      port ??= Number(/"port":(\d+)/.exec(text)?.[1] ?? NaN);
      if (Number.isNaN(port)) port = undefined;
      if (port !== undefined && text.includes('the model serves')) resolve(port);
    });
    void ended.then((code) => reject(new Error(`the runtime ended with ${code}: ${text}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The fields that tests look at, of whatever answer. */
export interface AnswerBody {
  readonly [field: string]: unknown;
  readonly code?: string;
  readonly error?: string;
  readonly details: readonly { readonly path: string; readonly message: string }[];
  readonly predictions: readonly unknown[];
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: readonly unknown[] }[];
}

/** What `POST path` answers. */
export async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as AnswerBody };
}

/**
 * P(1) = sigmoid((Age - 40) / 10 + 1 for Spain): Age is a float32 whose absence is 40, Country a string whose absence
 * is no country. A bundle of the shape that the five systems have.
 */
export function classifierBundle(manifest: Readonly<Record<string, unknown>> = {}): BundleFiles {
  const model = onnxModel(CLASSIFIER);
  const probability = (age: number, spain: boolean): number =>
    1 / (1 + Math.exp(-((age - 40) / 10 + (spain ? 1 : 0))));
  const row = (input: object, p: number): object => ({ input, output: { probabilities: [1 - p, p] } });
  const golden = Buffer.from(
    JSON.stringify({
      formatVersion: 1,
      rows: [
        row({ Age: 50, Country: 'Spain' }, probability(50, true)),
        row({ Age: 20, Country: 'France' }, probability(20, false)),
        row({ Age: null, Country: '(unknown)' }, probability(40, false)),
      ],
    }),
  );
  const file = (bytes: Uint8Array): object => ({ sha256: sha256(bytes), size: bytes.byteLength });
  return new Map<string, Uint8Array>([
    ['model.onnx', model],
    ['golden.json', golden],
    [
      'model.json',
      Buffer.from(
        JSON.stringify({
          ...CLASSIFIER_MANIFEST,
          files: { 'model.onnx': file(model), 'golden.json': file(golden) },
          ...manifest,
        }),
      ),
    ],
  ]);
}

const CLASSIFIER: OnnxModel = {
  inputs: [
    { name: 'Age', type: 'float32', shape: ['N', 1] },
    { name: 'Country', type: 'string', shape: ['N', 1] },
  ],
  outputs: [{ name: 'probabilities', type: 'float32', shape: ['N', 2] }],
  domains: { 'ai.onnx.ml': 2 },
  initializers: [
    { name: 'forty', type: 'float32', dims: [1], data: [40] },
    { name: 'ten', type: 'float32', dims: [1], data: [10] },
    { name: 'one', type: 'float32', dims: [1], data: [1] },
  ],
  nodes: [
    { op: 'IsNaN', inputs: ['Age'], outputs: ['missing'] },
    { op: 'Where', inputs: ['missing', 'forty', 'Age'], outputs: ['age'] },
    { op: 'Sub', inputs: ['age', 'forty'], outputs: ['older'] },
    { op: 'Div', inputs: ['older', 'ten'], outputs: ['slope'] },
    {
      op: 'LabelEncoder',
      domain: 'ai.onnx.ml',
      inputs: ['Country'],
      outputs: ['spain'],
      attributes: {
        keys_strings: { texts: ['Spain'] },
        values_floats: { floats: [1] },
        default_float: { float: 0 },
      },
    },
    { op: 'Add', inputs: ['slope', 'spain'], outputs: ['logit'] },
    { op: 'Sigmoid', inputs: ['logit'], outputs: ['p'] },
    { op: 'Sub', inputs: ['one', 'p'], outputs: ['q'] },
    { op: 'Concat', inputs: ['q', 'p'], outputs: ['probabilities'], attributes: { axis: { int: 1 } } },
  ],
};

const CLASSIFIER_MANIFEST = {
  formatVersion: 1,
  name: 'Leavers',
  version: '7',
  task: 'binary-classification',
  inputs: [
    {
      name: 'Age',
      type: 'float32',
      shape: [null, 1],
      integer: true,
      range: { min: 18, max: 100 },
      default: 37,
    },
    { name: 'Country', type: 'string', shape: [null, 1], required: false, values: ['France', 'Spain'] },
  ],
  outputs: [{ name: 'probabilities', type: 'float32', shape: [null, 2] }],
  labels: ['stays', 'leaves'],
  decision: {
    output: 'probabilities',
    index: 1,
    threshold: 0.5,
    bands: [{ label: 'LOW', below: 0.3 }, { label: 'MEDIUM', below: 0.7 }, { label: 'HIGH' }],
  },
  response: {
    predict: {
      probability: { from: 'probability', decimals: 4 },
      prediction: { from: 'prediction' },
      risk: { from: 'band' },
      model_version: { from: 'version' },
    },
    batch: {
      request: 'customers',
      predictions: 'predictions',
      limit: 50,
      fields: { model: { from: 'name' } },
    },
    health: { status: { from: 'constant', value: 'healthy' }, model_loaded: { from: 'modelLoaded' } },
  },
  golden: 'golden.json',
};

/** A bare graph: `data[idx]` of ten numbers, which fails for an index outside, as a model may for a bad value. */
export const GATHER: OnnxModel = {
  inputs: [{ name: 'idx', type: 'int64', shape: ['N', 1] }],
  outputs: [{ name: 'picked', type: 'float32', shape: ['N', 1] }],
  initializers: [
    { name: 'data', type: 'float32', dims: [10], data: [0, 10, 20, 30, 40, 50, 60, 70, 80, 90] },
  ],
  nodes: [{ op: 'Gather', inputs: ['data', 'idx'], outputs: ['picked'] }],
};
