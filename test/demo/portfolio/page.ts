import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { documentOf, type Server } from './document.ts';
import type { Readings } from './readings.ts';
import type { ModelState } from './state.ts';

export interface PageOptions {
  readonly servers: readonly Omit<Server, 'opens'>[];
  /** ModelDeployment -> where it answers. */
  readonly models: ReadonlyMap<string, string>;
  readonly states: () => Promise<readonly ModelState[]>;
  readonly readings: () => Promise<Readings>;
}

/** A page with what each model is doing, the alerts, and all that runs beside them. */
export async function startPage(options: PageOptions): Promise<{ readonly url: string; close(): void }> {
  const servers = await Promise.all(
    options.servers.map(async (server) => ({ ...server, opens: await opens(server.url) })),
  );
  const server: HttpServer = createServer((_, response) => void answer(response, options, servers));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close() };
}

/** Only what a person can read is linked: an API's XML, or a server without its pages, is not. */
async function opens(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(5000),
    });
    await response.body?.cancel();
    return response.status === 200 && (response.headers.get('content-type') ?? '').startsWith('text/html');
  } catch {
    return false;
  }
}

async function answer(
  response: ServerResponse,
  { models, states, readings }: PageOptions,
  servers: readonly Server[],
): Promise<void> {
  try {
    const [now, read] = await Promise.all([states(), readings().catch(String)]);
    const body = await documentOf({ servers, models, states: now, readings: read, at: new Date() });
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body);
  } catch (error) {
    response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end(String(error));
  }
}
