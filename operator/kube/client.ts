import { errorFromStatus, isKubeError, KubeError, retryAfterMs } from './errors.ts';
import type { StatusBody } from './errors.ts';
import { collectionPath, describeRef, objectPath } from './paths.ts';
import type { HttpAnswer, HttpCall, Transport } from './transport.ts';
import { POD } from './types.ts';
import type {
  CallOptions,
  DeleteOptions,
  Kube,
  KubeObject,
  ListScope,
  PatchOptions,
  PodLogOptions,
  RawOptions,
  RawResponse,
  Ref,
  ResourceType,
} from './types.ts';

const FIELD_MANAGER = 'windlass';
/** Objects of one page of a list: enough for few round trips, few enough to stay small in memory. */
export const PAGE_SIZE = 250;

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continueToken: string | undefined;
}

interface ListBody<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}

const mergePatchHeaders = { 'content-type': 'application/merge-patch+json' };
const applyHeaders = { 'content-type': 'application/apply-patch+yaml' };
const jsonHeaders = { 'content-type': 'application/json' };

export function createKube(transport: Transport): Kube {
  return new Client(transport);
}

class Client implements Kube {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends KubeObject>(type: ResourceType<T>, ref: Ref, options: CallOptions): Promise<T> {
    const what = `get ${describeRef(type, ref)}`;
    return this.#json(what, { method: 'GET', path: objectPath(type, ref) }, options);
  }

  async list<T extends KubeObject>(
    type: ResourceType<T>,
    scope: ListScope,
    options: CallOptions,
  ): Promise<readonly T[]> {
    const items: T[] = [];
    for await (const page of listPages(this.#transport, type, scope, options)) items.push(...page.items);
    return items;
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: CallOptions): Promise<T> {
    const ref = refOf(object);
    return this.#json(
      `create ${describeRef(type, ref)}`,
      {
        method: 'POST',
        path: collectionPath(type, ref.namespace),
        query: { fieldManager: FIELD_MANAGER },
        headers: jsonHeaders,
        body: JSON.stringify(object),
      },
      options,
    );
  }

  async apply<T extends KubeObject>(type: ResourceType<T>, object: T, options: CallOptions): Promise<T> {
    const ref = refOf(object);
    return this.#json(
      `apply ${describeRef(type, ref)}`,
      {
        method: 'PATCH',
        path: objectPath(type, ref),
        query: { fieldManager: FIELD_MANAGER, force: true },
        headers: applyHeaders,
        body: JSON.stringify(object),
      },
      options,
    );
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: Ref,
    mergePatch: object,
    options: PatchOptions,
  ): Promise<T> {
    const what = `patch ${describeRef(type, ref)}${options.subresource === undefined ? '' : `/${options.subresource}`}`;
    const call = {
      method: 'PATCH',
      path: objectPath(type, ref, options.subresource),
      query: { fieldManager: FIELD_MANAGER },
      headers: mergePatchHeaders,
      body: JSON.stringify(mergePatch),
    };
    try {
      return await this.#json(what, call, options);
    } catch (error) {
      throw isAnotherUid(error) ? new KubeError('conflict', error.message, error) : error;
    }
  }

  async delete<T extends KubeObject>(type: ResourceType<T>, ref: Ref, options: DeleteOptions): Promise<void> {
    const { uid, propagation = 'Background' } = options;
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    });
    const call = { method: 'DELETE', path: objectPath(type, ref), headers: jsonHeaders, body };
    try {
      await this.#json(`delete ${describeRef(type, ref)}`, call, options);
    } catch (error) {
      if (isKubeError(error, 'notFound')) return;
      if (
        isKubeError(error, 'conflict') &&
        uid !== undefined &&
        (await this.#isAnother(type, ref, uid, options))
      )
        return;
      throw error;
    }
  }

  async podLog(ref: Ref, options: PodLogOptions): Promise<string> {
    const { container, limitBytes, previous } = options;
    const what = `read the log of ${describeRef(POD, ref)}`;
    const query = { container, limitBytes, previous };
    const call = { method: 'GET', path: objectPath(POD, ref, 'log'), query, headers: { accept: '*/*' } };
    const answer = await this.#transport.call(call, options.signal, options.timeoutMs);
    if (answer.status >= 400) throw answerError(what, answer);
    return answer.body.toString('utf8');
  }

  async raw(method: string, path: string, options: RawOptions): Promise<RawResponse> {
    const { query, headers, body } = options;
    const call: HttpCall = {
      method,
      path,
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    };
    return this.#transport.call(call, options.signal, options.timeoutMs);
  }

  /** A precondition's conflict is success only where the object really is another one by now. */
  async #isAnother<T extends KubeObject>(
    type: ResourceType<T>,
    ref: Ref,
    uid: string,
    options: CallOptions,
  ): Promise<boolean> {
    try {
      return (await this.get(type, ref, options)).metadata.uid !== uid;
    } catch (error) {
      if (isKubeError(error, 'notFound')) return true;
      throw error;
    }
  }

  async #json<T>(what: string, call: HttpCall, options: CallOptions): Promise<T> {
    return parseAnswer(what, await this.#transport.call(call, options.signal, options.timeoutMs)) as T;
  }
}

/** One page; `resourceVersion` unset, so a list never shows a state older than the moment it was asked for. */
export async function listPage<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  scope: ListScope,
  continueToken: string | undefined,
  options: CallOptions,
): Promise<ListPage<T>> {
  const { namespace, labelSelector } = scope;
  const what = `list ${type.plural}${namespace === undefined ? '' : ` in ${namespace}`}`;
  const call = {
    method: 'GET',
    path: collectionPath(type, namespace),
    query: { labelSelector, limit: PAGE_SIZE, continue: continueToken },
  };
  const answer = await transport.call(call, options.signal, options.timeoutMs ?? 60_000);
  const body = parseAnswer(what, answer) as ListBody<T>;
  const next = body.metadata?.continue;
  return {
    // Items of a list come without their kind.
    items: (body.items ?? []).map((item) =>
      Object.assign(item, { apiVersion: type.apiVersion, kind: type.kind }),
    ),
    resourceVersion: body.metadata?.resourceVersion ?? '',
    continueToken: next === undefined || next === '' ? undefined : next,
  };
}

export async function* listPages<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  scope: ListScope,
  options: CallOptions,
): AsyncGenerator<ListPage<T>> {
  let token: string | undefined;
  do {
    const page = await listPage(transport, type, scope, token, options);
    yield page;
    token = page.continueToken;
  } while (token !== undefined);
}

/** A merge patch with another object's UID is refused as a change of an immutable field: for us, a conflict. */
function isAnotherUid(error: unknown): error is KubeError {
  const causes = isKubeError(error, 'invalid') ? (error.details?.causes ?? []) : [];
  return causes.some((cause) => cause.field === 'metadata.uid');
}

export function answerError(what: string, answer: HttpAnswer): KubeError {
  const retryAfter = retryAfterMs(answer.headers['retry-after'], Date.now());
  return errorFromStatus(what, answer.status, statusBody(answer.body), retryAfter);
}

function statusBody(body: Buffer): StatusBody | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    // A proxy's page or the plain text of an overloaded server: the status says enough.
    return undefined;
  }
}

/** The server's schemas vouch for the shape that the caller names. */
function parseAnswer(what: string, answer: HttpAnswer): unknown {
  if (answer.status >= 400) throw answerError(what, answer);
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch (error) {
    throw new KubeError('transient', `${what}: the API server's answer is not JSON`, {
      status: answer.status,
      cause: error,
    });
  }
}

function refOf(object: KubeObject): Ref {
  const { namespace, name } = object.metadata;
  if (namespace === undefined) throw new Error(`${object.kind} ${name}: has no metadata.namespace`);
  return { namespace, name };
}
