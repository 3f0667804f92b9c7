import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Folder, spawnServer, type TestProcess } from '#runtime/testing.ts';
import type { FuzzCase } from './case.ts';
import { fault, type ErrorShape } from './judge.ts';
import { MODELS, type FuzzedModel } from './models.ts';
import { readSchema, type TargetSchema } from './schema.ts';
import { play, type Outcome } from './wire.ts';

/** An answer is late after so long, on a machine that does much else beside. */
const BOUND_MS = 15_000;

/** As in the image, with a heap that a leak soon fills. */
const FLAGS = ['--max-semi-space-size=16', '--max-old-space-size=160'];

/** A `runtime serve` of its own, which is sent bad input. */
export class Target implements AsyncDisposable {
  readonly schema: TargetSchema;
  readonly errors: ErrorShape;
  readonly #process: TestProcess;
  readonly #port: number;
  readonly #folder: Folder;
  readonly #model: FuzzedModel;

  private constructor(schema: TargetSchema, model: FuzzedModel, folder: Folder, process: TestProcess) {
    this.schema = schema;
    this.errors = model.errors;
    this.#model = model;
    this.#folder = folder;
    this.#process = process;
    this.#port = Number(new URL(process.url).port);
  }

  static async start(name: string): Promise<Target> {
    const model = MODELS[name];
    if (model === undefined) {
      throw new Error(
        `there is no model "${name}" to send bad input to; there are ${Object.keys(MODELS).join(', ')}`,
      );
    }
    const files = model.files();
    const folder = await Folder.create(files);
    const process = await spawnServer(
      {
        model: files.has('model.json') ? folder.path : `${folder.path}/model.onnx`,
        logLevel: 'info',
        maxBodyBytes: 2 ** 20,
        requestTimeoutSeconds: 8,
        drainSeconds: 0,
      },
      FLAGS,
    );
    return new Target(await readSchema(process.url, name), model, folder, process);
  }

  /** Why the answer to a case is wrong; undefined where it is not. */
  async try(fuzzCase: FuzzCase): Promise<{ readonly outcome: Outcome; readonly fault: string | undefined }> {
    const outcome = await play(this.#port, fuzzCase, BOUND_MS);
    const { exitCode, signalCode } = this.#process.child;
    const ended = exitCode ?? signalCode;
    return {
      outcome,
      fault: ended === null ? fault(fuzzCase, outcome, this.errors) : `the server ended with ${ended}`,
    };
  }

  /** Why a valid request has not its right answer; undefined where it has. */
  async lost(): Promise<string | undefined> {
    const { path, body, answer } = this.#model.good;
    const picture = Buffer.isBuffer(body);
    const response = await fetch(this.#process.url + path, {
      method: 'POST',
      headers: { 'content-type': picture ? 'image/png' : 'application/json' },
      body: picture ? new Uint8Array(body) : JSON.stringify(body),
    });
    const got: unknown = await response.json();
    return response.status === 200 && isDeepStrictEqual(got, answer)
      ? undefined
      : `a valid request is answered ${response.status} ${JSON.stringify(got)}`;
  }

  /** MiB of resident memory. */
  memory(): number {
    const status = readFileSync(`/proc/${this.#process.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}
