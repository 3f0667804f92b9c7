import type { BodyReader } from './body.ts';
import type { Reply } from './respond.ts';

/** A request's headers by their names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One request and the way back to whoever sent it, whichever way it was read. */
export interface Caller {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** The connection, to be told from others. */
  readonly connection: object;
  /** Nobody can be answered any more. */
  readonly gone: boolean;
  /** Perhaps nobody waits any more: what is not begun is not worth beginning. */
  readonly left: boolean;
  /** Whoever asked for it is told to go on with the body. */
  goOn(): void;
  /** Reads and inflates a body of at most `limit` bytes. A caller that goes away before its end gets no call back. */
  readBody(limit: number, reader: BodyReader): void;
  /** Calls back once the request is over, with an answer or without. */
  onceOver(listener: () => void): void;
  /** Answers in the coding that the request accepts. */
  answer(reply: Reply): void;
  /** Answers a request whose body nobody reads. */
  refuse(reply: Reply): void;
  /** Answers before the request has arrived in full, and ends the connection. */
  sendEarly(reply: Reply): void;
  /** Ends the connection without an answer. */
  destroy(): void;
}

/** A header that is there once; undefined where it is not, or is there more often. */
export function headerOf({ headers }: Pick<Caller, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
