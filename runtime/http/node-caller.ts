import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody, type BodyReader } from './body.ts';
import type { Caller, Headers } from './caller.ts';
import { refuse, sendAccepted, sendEarly, type Reply } from './respond.ts';

/** A caller whose request node:http has read. */
export class NodeCaller implements Caller {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? '';
  }
  get url(): string {
    return this.#request.url ?? '/';
  }
  get headers(): Headers {
    return this.#request.headers;
  }
  get connection(): object {
    return this.#request.socket;
  }
  get gone(): boolean {
    return this.#response.destroyed;
  }
  get left(): boolean {
    return this.gone;
  }
  goOn(): void {
    if (this.#request.headers.expect !== undefined) this.#response.writeContinue();
  }
  readBody(limit: number, reader: BodyReader): void {
    readBody(this.#request, limit, reader);
  }
  onceOver(listener: () => void): void {
    this.#response.once('close', listener);
  }
  answer(reply: Reply): void {
    sendAccepted(this.#request, this.#response, reply);
  }
  refuse(reply: Reply): void {
    refuse(this.#request, this.#response, reply);
  }
  sendEarly(reply: Reply): void {
    sendEarly(this.#request, this.#response, reply);
  }
  destroy(): void {
    this.#response.destroy();
  }
}
