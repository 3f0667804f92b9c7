import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { refuseApiServers } from './api-server.ts';
import type { S3Access } from './connection.ts';
import {
  type AddressPolicy,
  checkEndpointLiteral,
  createAgents,
  guardedLookup,
  portOf,
  type Request,
  SocketClient,
  type Timing,
  trusting,
} from '../http/index.ts';
import { S3_SERVICE } from './service.ts';

/** The SDK over two transports: `client` for small requests, `reader` for the bytes of objects. */
export interface S3Clients {
  readonly client: S3Client;
  readonly reader: S3Client;
  readonly destroy: () => void;
}

interface SdkRequest extends Request {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
}

interface HandlerOptions {
  readonly abortSignal?: AbortSignal;
}

export interface Transport {
  readonly addresses: AddressPolicy;
  readonly timing: Timing;
  /** Of each connection's one buffer. */
  readonly bufferBytes: number;
}

export function createClients({ connection, credentials }: S3Access, transport: Transport): S3Clients {
  const { addresses, timing, bufferBytes } = transport;
  const endpoint = connection.endpoint === undefined ? undefined : new URL(connection.endpoint);
  if (endpoint !== undefined) checkEndpointLiteral(S3_SERVICE, endpoint, addresses);
  const port = endpoint === undefined ? 443 : portOf(endpoint);
  const secureContext = connection.ca === undefined ? undefined : trusting(connection.ca);
  const agents = createAgents(S3_SERVICE, port, addresses, secureContext);
  const shared: S3ClientConfig = {
    region: connection.region ?? 'us-east-1',
    // On AWS the bucket's own region is found by the store's answer; elsewhere there is only one endpoint.
    followRegionRedirects: endpoint === undefined && connection.region === undefined,
    ...(connection.endpoint === undefined ? {} : { endpoint: connection.endpoint }),
    ignoreConfiguredEndpointUrls: true,
    forcePathStyle: connection.pathStyle ?? endpoint !== undefined,
    ...(credentials === undefined ? {} : { credentials }),
    ...(connection.anonymous === true
      ? {
          credentials: { accessKeyId: '', secretAccessKey: '' },
          signer: { sign: async (request) => request },
        }
      : {}),
    // Every byte is checked against its sha256; S3's own checksums would only hash it twice.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  };
  const client = new S3Client({
    ...shared,
    requestHandler: {
      httpAgent: agents.http,
      httpsAgent: agents.https,
      connectionTimeout: timing.connectTimeoutMs,
    },
  });
  const sockets = new SocketClient();
  const plain = client.config.requestHandler;
  const lookup = guardedLookup(S3_SERVICE, port, addresses);
  const reader = new S3Client({
    ...shared,
    requestHandler: {
      handle: async (request: SdkRequest, options: HandlerOptions) => {
        const { protocol, hostname, port: given } = request;
        const secure = protocol === 'https:';
        const target = {
          secure,
          host: hostname.replace(/^\[|\]$/g, ''),
          port: given ?? (secure ? 443 : 80),
          lookup,
          connectTimeoutMs: timing.connectTimeoutMs,
          bufferBytes,
          ...(secureContext === undefined ? {} : { secureContext }),
        };
        const signal = options.abortSignal ?? new AbortController().signal;
        const response = await sockets.get(request, target, signal);
        return response.body === undefined ? plain.handle(request, options) : { response };
      },
    },
  });
  for (const each of [client, reader]) refuseApiServers(each, endpoint?.host ?? 'AWS S3');
  return {
    client,
    reader,
    destroy: () => {
      client.destroy();
      sockets.destroy();
    },
  };
}
