import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Undefined when this replica could lead at once; else what is missing. */
  readonly notReady: () => string | undefined;
}

export interface HealthServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** /healthz and /livez (the event loop turns), /readyz (caches are complete), /metrics. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'only GET\n');
    else if (path === '/healthz' || path === '/livez') answer(response, 200, 'ok\n');
    else if (path === '/readyz') ready(response, options.notReady());
    else if (path === '/metrics') void metrics(response, options.registry);
    else answer(response, 404, 'try /healthz, /livez, /readyz or /metrics\n');
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Error(
          `cannot listen on ${options.host}:${String(options.port)} for health and metrics: ${error.message}`,
        ),
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function ready(response: ServerResponse, missing: string | undefined): void {
  if (missing === undefined) answer(response, 200, 'ok\n');
  else answer(response, 503, `not ready: ${missing}\n`);
}

async function metrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    answer(response, 200, await registry.metrics(), registry.contentType);
  } catch (error) {
    answer(
      response,
      500,
      `cannot collect metrics: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
