import { Folder, startServer, type AnswerBody, type TestServer } from '#runtime/testing.ts';
import { colourBundle } from './test-pictures.ts';

// Requests with pictures, for this room's tests.

export interface Answered {
  readonly status: number;
  readonly body: AnswerBody;
  readonly headers: Headers;
}

/** A server of the model of colours, for the tests of a file; takes pictures and bodies of up to a million. */
export async function startColours(): Promise<AsyncDisposable & { readonly server: TestServer }> {
  const folder = await Folder.create(colourBundle());
  const server = await startServer(folder.path, { maxImagePixels: 1_000_000, maxBodyBytes: 1_000_000 });
  return {
    server,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What a server answers to a body that fetch sends. */
export async function send(
  to: TestServer,
  path: string,
  body: FormData | Buffer | string,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const given = Buffer.isBuffer(body) ? new Uint8Array(body) : body;
  const response = await fetch(`${to.url}${path}`, { method: 'POST', body: given, headers });
  return { status: response.status, body: (await response.json()) as AnswerBody, headers: response.headers };
}

/** A form as browsers send it; each file in the part "file" unless named otherwise. */
export function form(
  ...files: readonly (readonly [bytes: Buffer, type?: string, name?: string])[]
): FormData {
  const data = new FormData();
  for (const [bytes, type = 'image/png', name = 'file'] of files) {
    data.append(name, new Blob([new Uint8Array(bytes)], { type }), 'photo.png');
  }
  return data;
}
