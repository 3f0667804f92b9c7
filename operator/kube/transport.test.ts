import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { KubeError } from './errors.ts';
import { Transport, type TransportOptions } from './transport.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Setup {
  readonly transport: Transport;
  readonly tokens: string[];
  readonly calls: string[];
}

async function start(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<TransportOptions> = {},
): Promise<Setup> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tokens = ['first', 'second'];
  const calls: string[] = [];
  const transport = new Transport(
    {
      server: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/prefix/`,
      namespace: undefined,
      credentials: () =>
        Promise.resolve({
          headers: { authorization: `Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}` },
        }),
    },
    {
      userAgent: 'windlass-test',
      onCall: ({ method, code }) => void calls.push(`${method} ${code}`),
      ...options,
    },
  );
  closing.push(() => {
    transport.close();
    server.closeAllConnections();
    server.close();
  });
  return { transport, tokens, calls };
}

const get = { method: 'GET', path: '/api' } as const;
const forever = new AbortController().signal;

describe('Transport', () => {
  it('sends path, query, body and credentials, and gives back whatever the answer is', async () => {
    const { transport, calls } = await start((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        response.writeHead(422, {
          'x-seen': `${request.method} ${request.url} ${request.headers['user-agent']}`,
        });
        response.end(`${request.headers.authorization} ${body}`);
      });
    });
    const query = { labelSelector: 'a in (b,c)', limit: 5, continue: undefined };
    const answer = await transport.call({ method: 'POST', path: '/api', query, body: 'ü' }, forever);
    expect([answer.status, answer.body.toString(), answer.headers['x-seen']]).toEqual([
      422,
      'Bearer first ü',
      'POST /prefix/api?labelSelector=a%20in%20(b%2Cc)&limit=5 windlass-test',
    ]);
    expect(calls).toEqual(['POST 422']);
  });

  it('reads the credentials again after a 401', async () => {
    const { transport } = await start((request, response) => {
      response.writeHead(request.headers.authorization === 'Bearer second' ? 200 : 401).end();
    });
    expect((await transport.call(get, forever)).status).toBe(401);
    expect((await transport.call(get, forever)).status).toBe(200);
  });

  it('ends a call at its deadline with a transient error that says so', async () => {
    const { transport, calls } = await start(() => undefined);
    const failed = transport.call(get, forever, 30);
    await expect(failed).rejects.toMatchObject({
      kind: 'transient',
      message: /GET \/api: .*deadline of 30 ms/,
    });
    expect(calls).toEqual(['GET <error>']);
  });

  it('ends a call whose answer stops in the middle', async () => {
    const { transport } = await start((_, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half');
      setTimeout(() => response.destroy(), 5);
    });
    await expect(transport.call(get, forever)).rejects.toMatchObject({ kind: 'transient' });
  });

  it('throws the reason of an abort, before and during a call', async () => {
    const { transport } = await start(() => undefined);
    const aborting = new AbortController();
    const during = transport.call(get, aborting.signal);
    setTimeout(() => aborting.abort(new Error('enough')), 5);
    await expect(during).rejects.toThrow('enough');
    await expect(transport.call(get, aborting.signal)).rejects.toThrow('enough');
  });

  it('ends the body of a stream when its signal aborts', async () => {
    const { transport } = await start((_, response) => void response.write('line\n'));
    const aborting = new AbortController();
    const stream = await transport.stream(get, aborting.signal);
    setTimeout(() => aborting.abort(new Error('enough')), 5);
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(String(chunk)).toBe('line\n');
    };
    await expect(read()).rejects.toThrow('enough');
  });

  it('lets a fence stop writes, and no reads', async () => {
    let written = 0;
    const fence = (): void => {
      throw new KubeError('terminal', 'does not lead');
    };
    const { transport } = await start(
      (request, response) => {
        if (request.method !== 'GET') written += 1;
        response.end('{}');
      },
      { fence },
    );
    expect((await transport.call(get, forever)).status).toBe(200);
    const write = transport.call({ method: 'PATCH', path: '/api', body: '{}' }, forever);
    await expect(write).rejects.toMatchObject({ kind: 'terminal', message: 'does not lead' });
    expect(written).toBe(0);
  });

  it('uses no more connections than it may', async () => {
    let [open, most] = [0, 0];
    const { transport } = await start(
      (_, response) => {
        open += 1;
        most = Math.max(most, open);
        setTimeout(() => {
          open -= 1;
          response.end();
        }, 5);
      },
      { maxSockets: 3 },
    );
    await Promise.all(Array.from({ length: 12 }, async () => transport.call(get, forever)));
    expect(most).toBe(3);
  });
});
