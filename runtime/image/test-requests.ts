import type { AnswerBody, TestServer } from '#runtime/testing.ts';

// Requests with pictures, for this room's tests.

export interface Answered {
  readonly status: number;
  readonly body: AnswerBody;
  readonly headers: Headers;
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
