import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';

/** Takes a request over instead of the store: true when it has answered. */
export type Fault = (request: IncomingMessage, response: ServerResponse, body: Buffer | undefined) => boolean;

interface StoredObject {
  readonly body: Buffer;
  readonly versionId?: string;
}

/** An S3 service in memory for tests: GET and HEAD with ranges, If-Match and versions, ListObjectsV2, and any fault. */
export class TestS3 {
  readonly requests: { readonly method: string; readonly url: string; readonly range: string | undefined }[] =
    [];
  readonly #objects = new Map<string, StoredObject>();
  readonly #server: Server;
  fault: Fault = () => false;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<TestS3> {
    const server = new TestS3();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** `key` is the bucket and the object's key. */
  put(key: string, body: Uint8Array | string, versionId?: string): void {
    const object = { body: Buffer.from(body), ...(versionId === undefined ? {} : { versionId }) };
    this.#objects.set(key, object);
    if (versionId !== undefined) this.#objects.set(`${key}?${versionId}`, object);
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.endpoint);
    const key = decodeURIComponent(url.pathname.slice(1));
    this.requests.push({
      method: request.method ?? '',
      url: request.url ?? '',
      range: request.headers.range,
    });
    const versionId = url.searchParams.get('versionId');
    const object = this.#objects.get(versionId === null ? key : `${key}?${versionId}`);
    if (this.fault(request, response, object?.body)) return;
    if (url.searchParams.get('list-type') === '2')
      this.#list(key.replace(/\/$/, ''), url.searchParams.get('prefix') ?? '', response);
    else if (object === undefined) s3Error(response, 404, versionId === null ? 'NoSuchKey' : 'NoSuchVersion');
    else serve(request, response, object);
  }

  #list(bucket: string, prefix: string, response: ServerResponse): void {
    const keys = [...this.#objects.keys()]
      .filter((key) => !key.includes('?') && key.startsWith(`${bucket}/${prefix}`))
      .map((key) => key.slice(bucket.length + 1));
    const isBelow = (key: string) => key.slice(prefix.length).includes('/');
    const folders = new Set(
      keys.filter(isBelow).map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1)),
    );
    const xml = [
      ...keys.filter((key) => !isBelow(key)).map((key) => `<Contents><Key>${key}</Key></Contents>`),
      ...[...folders].map((folder) => `<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`),
    ];
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><ListBucketResult>${xml.join('')}</ListBucketResult>`);
  }
}

function serve(request: IncomingMessage, response: ServerResponse, { body, versionId }: StoredObject): void {
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== etag) {
    s3Error(response, 412, 'PreconditionFailed');
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = last === undefined || last === '' ? body.length : Math.min(body.length, Number(last) + 1);
  const part = body.subarray(start, end);
  response.writeHead(first === undefined ? 200 : 206, {
    etag,
    'content-length': part.length,
    ...(first === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${body.length}` }),
    ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
  });
  response.end(request.method === 'HEAD' ? undefined : part);
}

/** An error as S3 words it; HEAD's answers carry no body. */
export function s3Error(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret-body-text</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
