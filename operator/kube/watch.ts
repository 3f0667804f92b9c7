import type { IncomingMessage } from 'node:http';
import { answerError } from './client.ts';
import { connectionError, errorFromStatus, KubeError } from './errors.ts';
import type { StatusBody } from './errors.ts';
import { collectionPath } from './paths.ts';
import type { Transport } from './transport.ts';
import type { KubeObject, ListScope, ResourceType } from './types.ts';

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

interface WireEvent<T> {
  readonly type: string;
  readonly object: T & StatusBody;
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  /** The server ends the watch after this time. */
  readonly timeoutSeconds: number;
  /** Without a byte for this long the connection counts as dead. Bookmarks come about once a minute. */
  readonly silenceMs: number;
  /** Asked every other second: a reason why the stream has to be given up, for all that it seems alive. */
  readonly stale?: () => string | undefined;
}

const CHECK_EVERY_MS = 2000;
const NEWLINE = 0x0a;

/** A connection that says nothing any more, or holds back what is known to have happened. */
export class SilentWatchError extends KubeError {
  constructor(what: string, why: string) {
    super('transient', `${what}: ${why}; connecting anew`);
  }
}

/**
 * One watch, from after `resourceVersion` until the server ends it. Throws KubeError: `gone` where the version is too
 * old to go on from, else what the answer, the ERROR event or the connection said.
 */
export async function* watchEvents<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  scope: ListScope,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { namespace, labelSelector } = scope;
  const what = `watch ${type.plural}${namespace === undefined ? '' : ` in ${namespace}`}`;
  const query = {
    watch: true,
    allowWatchBookmarks: true,
    labelSelector,
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds,
  };
  const call = { method: 'GET', path: collectionPath(type, namespace), query };
  const response = await transport.stream(call, options.signal);
  const heard = { at: performance.now() };
  const guard = guardSilence(what, response, heard, options);
  try {
    if (response.statusCode !== 200) throw await refusal(what, response);
    for await (const line of lines(response, heard)) yield parseEvent<T>(what, line);
  } catch (error) {
    if (options.signal.aborted || error instanceof KubeError) throw error;
    throw connectionError(what, error);
  } finally {
    clearInterval(guard);
    response.destroy();
  }
}

interface Heard {
  at: number;
}

function guardSilence(
  what: string,
  response: IncomingMessage,
  heard: Heard,
  options: WatchOptions,
): NodeJS.Timeout {
  return setInterval(() => {
    const silentMs = performance.now() - heard.at;
    const why = silentMs > options.silenceMs ? `not a byte for ${seconds(silentMs)} s` : options.stale?.();
    if (why !== undefined) response.destroy(new SilentWatchError(what, why));
  }, CHECK_EVERY_MS);
}

async function* lines(response: AsyncIterable<unknown>, heard: Heard): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of response) {
    heard.at = performance.now();
    let from = 0;
    const bytes = chunk as Buffer;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      const line = rest.length === 0 ? bytes : Buffer.concat([...rest, bytes.subarray(0, end)]);
      const text = rest.length === 0 ? line.toString('utf8', from, end) : line.toString('utf8');
      rest = [];
      from = end + 1;
      if (text !== '') yield text;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
}

function parseEvent<T extends KubeObject>(what: string, line: string): WatchEvent<T> {
  const event = parseLine<T>(what, line);
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object };
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: event.object.metadata.resourceVersion ?? '' };
    case 'ERROR':
      throw errorFromStatus(what, event.object.code ?? 500, event.object);
    default:
      throw new KubeError('transient', `${what}: unknown event ${JSON.stringify(event.type)}`);
  }
}

function parseLine<T>(what: string, line: string): WireEvent<T> {
  try {
    // The server's schemas vouch for the shape.
    return JSON.parse(line) as WireEvent<T>;
  } catch (error) {
    throw new KubeError('transient', `${what}: an event is not JSON`, { cause: error });
  }
}

async function refusal(what: string, response: IncomingMessage): Promise<KubeError> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode: status = 0, headers } = response;
  return answerError(what, { status, headers, body: Buffer.concat(chunks) });
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(0);
}
