import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes a request over: true when it has answered, or never will. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** What of MLflow's REST API a test says, and any fault. What is not said is answered as MLflow does: 404, in JSON. */
export class TestMlflow {
  readonly requests: { readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];
  readonly answers = new Map<string, unknown>();
  readonly files = new Map<string, Buffer>();
  readonly #server: Server;
  fault: Fault = () => false;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<TestMlflow> {
    const server = new TestMlflow();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A version 3 of `linear`, which the alias `champion` stands for, with its files at `uri`. */
  register(uri: string, more: Readonly<Record<string, unknown>> = {}): void {
    const version = {
      model_version: { name: 'linear', version: '3', creation_timestamp: 1, status: 'READY', ...more },
    };
    this.answers.set('mlflow/registered-models/alias?name=linear&alias=champion', version);
    this.answers.set('mlflow/model-versions/get?name=linear&version=3', version);
    this.answers.set('mlflow/model-versions/get-download-uri?name=linear&version=3', { artifact_uri: uri });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers } = request;
    this.requests.push({ url, headers });
    if (this.fault(request, response)) return;
    const path = decodeURIComponent(url.replace('/api/2.0/', ''));
    const file = this.files.get(path.replace('mlflow-artifacts/artifacts/', ''));
    if (file === undefined) this.#answerJson(path, response);
    else sendFile(file, headers.range, response);
  }

  #answerJson(path: string, response: ServerResponse): void {
    const [, folder] = /^mlflow-artifacts\/artifacts\?path=(.*)$/.exec(path) ?? [];
    const known = folder === undefined ? this.answers.get(path) : { files: this.#list(folder) };
    const body = known ?? { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'SECRET WORDS' };
    response.writeHead(known === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  #list(folder: string): readonly unknown[] {
    return [...this.files]
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([path, { length }]) => {
        const [first = '', ...rest] = path.slice(folder.length + 1).split('/');
        const isFolder = rest.length > 0;
        return { path: first, is_dir: isFolder, file_size: isFolder ? undefined : length };
      });
  }
}

function sendFile(file: Buffer, range: string | undefined, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': file.length - start };
  if (range === undefined) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      'content-range': `bytes ${start}-${file.length - 1}/${file.length}`,
    });
  response.end(file.subarray(start));
}
