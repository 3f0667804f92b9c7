import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { onnxModel, type OnnxModel, type OnnxType } from '#test/support/onnx.ts';

// Small models behind servers, for the tests of V2.

/** Two elements of each type as JSON, with V2's name of it. */
export const TYPES: readonly (readonly [OnnxType, string, readonly unknown[]])[] = [
  ['bool', 'BOOL', [true, false]],
  ['uint8', 'UINT8', [0, 255]],
  ['uint16', 'UINT16', [0, 65535]],
  ['uint32', 'UINT32', [0, 4294967295]],
  ['uint64', 'UINT64', [0, 7]],
  ['int8', 'INT8', [-128, 127]],
  ['int16', 'INT16', [-32768, 32767]],
  ['int32', 'INT32', [-2147483648, 2147483647]],
  ['int64', 'INT64', [-1, 7]],
  ['float16', 'FP16', [-1.5, 65504]],
  ['float32', 'FP32', [-1.5, 16777216]],
  ['float64', 'FP64', [-1.1, 1e300]],
  ['string', 'BYTES', ['', 'Grüße "\n']],
];

/** Starts a server per model, and ends them all. */
export class ModelServers implements AsyncDisposable {
  readonly folder: Folder;
  readonly #servers = new Map<string, Promise<TestServer>>();

  private constructor(folder: Folder) {
    this.folder = folder;
  }

  static async create(): Promise<ModelServers> {
    return new ModelServers(await Folder.create());
  }

  /** Serves a graph under this name, once. */
  of(name: string, model: OnnxModel): Promise<TestServer> {
    const started = this.#servers.get(name) ?? this.#start(name, model);
    this.#servers.set(name, started);
    return started;
  }

  /** A model, named by the type, that gives its input x back as y. */
  echo(type: OnnxType): Promise<TestServer> {
    return this.of(type, {
      inputs: [{ name: 'x', type, shape: ['N'] }],
      outputs: [{ name: 'y', type, shape: ['N'] }],
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    });
  }

  async #start(name: string, model: OnnxModel): Promise<TestServer> {
    return startServer(await this.folder.write(`${name}.onnx`, onnxModel(model)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) await (await server).stop();
    await this.folder[Symbol.asyncDispose]();
  }
}
