import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { PORT } from '#contract/names.ts';
import type { PodProbe } from './acknowledgements.ts';

/** What the runtime answers on `GET /windlass/v1/traffic`, as far as it is read here. */
const answerSchema = z.object({ generation: z.number().nullish() });

const TIMEOUT_MS = 1000;
/** The runtime answers with a few hundred bytes; an image of a tenant's own may send what it likes. */
const MAX_ANSWER_BYTES = 16 * 1024;

export const httpPodProbe: PodProbe = async (ip, signal) => askPod(ip, PORT.http, signal);

/** Asks a pod over the network. Its answer is not trusted with anything but a number. */
export async function askPod(ip: string, port: number, signal: AbortSignal): Promise<number> {
  const host = isIPv6(ip) ? `[${ip}]` : ip;
  const response = await fetch(`http://${host}:${port}/windlass/v1/traffic`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    redirect: 'error',
  });
  const text = await shortText(response);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return answerSchema.parse(JSON.parse(text)).generation ?? 0;
}

async function shortText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
