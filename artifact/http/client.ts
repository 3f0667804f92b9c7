import { SocketBody } from './body.ts';
import { coded, type Receiver, SocketConnection, type Target } from './connection.ts';

/** The part of the SDK's request and answer that is used. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
}
export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where the answer tells no length: its connection is closed. */
  readonly body: SocketBody | undefined;
}

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_IDLE = 16;

/** GETs over kept-alive SocketConnections to one service. */
export class SocketClient {
  readonly #idle = new Map<string, SocketConnection[]>();

  async get(request: Request, target: Target, signal: AbortSignal): Promise<Answer> {
    const key = `${target.host}:${target.port}`;
    for (let reused = this.#take(key); reused !== undefined; reused = this.#take(key)) {
      try {
        return await this.#exchange(reused, request, key, signal);
      } catch (error) {
        // The server closes idle connections when it likes; that is no failure of the request.
        if (signal.aborted || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
      }
    }
    return this.#exchange(new SocketConnection(target), request, key, signal);
  }

  destroy(): void {
    for (const connections of this.#idle.values()) for (const connection of connections) connection.destroy();
    this.#idle.clear();
  }

  #take(key: string): SocketConnection | undefined {
    const connections = this.#idle.get(key) ?? [];
    for (let connection = connections.pop(); connection !== undefined; connection = connections.pop()) {
      if (connection.isOpen) return connection;
    }
    return undefined;
  }

  async #exchange(
    connection: SocketConnection,
    request: Request,
    key: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    const head = await readHead(connection, formatHead(request), signal);
    const length = contentLength(head.headers);
    if (length === undefined) {
      connection.destroy();
      return { statusCode: head.statusCode, headers: head.headers, body: undefined };
    }
    const isReusable = head.headers['connection']?.toLowerCase() !== 'close';
    const body: SocketBody = new SocketBody(connection, length, head.rest, (complete) => {
      if (complete && isReusable) this.#release(key, connection);
      else connection.destroy();
    });
    head.receiveWith(body);
    return { statusCode: head.statusCode, headers: head.headers, body };
  }

  #release(key: string, connection: SocketConnection): void {
    const connections = this.#idle.get(key) ?? [];
    this.#idle.set(key, connections);
    if (!connection.isOpen || connections.length >= MAX_IDLE) connection.destroy();
    else {
      connection.idle();
      connections.push(connection);
    }
  }
}

interface Head {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What came of the body already; good until the connection resumes. */
  readonly rest: Buffer;
  readonly receiveWith: (receiver: Receiver) => void;
}

function formatHead({ method, path, query, headers }: Request): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) => {
    const values = typeof value === 'string' || value === null ? [value] : value;
    return values.map((item) => (item === null ? escape(name) : `${escape(name)}=${escape(item)}`));
  });
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  if (lines.some((line) => /[\r\n\0]/.test(line)))
    throw coded('ERR_INVALID_CHAR', 'a header holds a line break');
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** As the SDK signs it: RFC 3986, so that !'()* are escaped as well. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function readHead(connection: SocketConnection, request: string, signal: AbortSignal): Promise<Head> {
  const { promise, resolve, reject } = Promise.withResolvers<Head>();
  let received: Buffer = Buffer.alloc(0);
  let receiver: Receiver | undefined;
  const onAbort = () => {
    connection.destroy();
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  connection.send(request, {
    data: (bytes) => {
      if (receiver !== undefined) {
        receiver.data(bytes);
        return;
      }
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
      const end = received.indexOf('\r\n\r\n');
      const isHeadWhole = end >= 0;
      if (!isHeadWhole && received.length > MAX_HEAD_BYTES) {
        connection.destroy();
        reject(coded('HPE_HEADER_OVERFLOW', 'the head of the answer has no end'));
      } else if (isHeadWhole) {
        try {
          const head = parseHead(received.toString('latin1', 0, end));
          const rest = received.subarray(end + 4);
          resolve({ ...head, rest, receiveWith: (next) => (receiver = next) });
        } catch (error) {
          connection.destroy();
          reject(error);
        }
      } else {
        received = Buffer.from(received);
        connection.resume();
      }
    },
    lost: (error) => {
      reject(error);
      receiver?.lost(error);
    },
  });
  try {
    signal.throwIfAborted();
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function parseHead(text: string): Pick<Head, 'statusCode' | 'headers'> {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine) ?? [];
  if (status === undefined) throw coded('HPE_INVALID_CONSTANT', 'the answer is not HTTP/1.1');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw coded('HPE_INVALID_HEADER_TOKEN', 'a header of the answer is malformed');
    const key = name.toLowerCase();
    const earlier = headers[key];
    if (key === 'content-length' && earlier !== undefined && earlier !== value) {
      throw coded('HPE_UNEXPECTED_CONTENT_LENGTH', 'the answer has two lengths');
    }
    headers[key] = earlier === undefined || key === 'content-length' ? value : `${earlier}, ${value}`;
  }
  return { statusCode: Number(status), headers };
}

function contentLength(headers: Readonly<Record<string, string>>): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  const text = headers['content-length'] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
