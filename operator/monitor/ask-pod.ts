import { isIPv6 } from 'node:net';
import type { z } from 'zod';
import { boundedText, whyItFailed } from './bounded-answer.ts';

/** What a pod is asked for, and what its answer may be. */
export interface PodQuestion<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly timeoutMs: number;
  /** An image of a tenant's own may send what it likes. */
  readonly maxBytes: number;
  /** Said where the answer is something else. */
  readonly otherwise: string;
  /** Said beside HTTP 404. */
  readonly notFound?: string;
}

/** Asks the pod at this address. Throws where it does not say, with a message that quotes nothing of its answer. */
export async function askPod<T>(
  question: PodQuestion<T>,
  { ip, port }: { readonly ip: string; readonly port: number },
  signal: AbortSignal,
): Promise<T> {
  const host = isIPv6(ip) ? `[${ip}]` : ip;
  const text = await ask(question, `http://${host}:${port}${question.path}`, signal);
  const parsed = question.schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Error(question.otherwise);
}

async function ask(
  { timeoutMs, maxBytes, notFound }: PodQuestion<unknown>,
  url: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      redirect: 'error',
    });
    if (response.ok) return await boundedText(response, maxBytes);
    await response.body?.cancel();
    const more = response.status === 404 && notFound !== undefined ? `: ${notFound}` : '';
    throw new Error(`HTTP ${response.status}${more}`);
  } catch (error) {
    throw new Error(whyItFailed(error, timeoutMs), { cause: error });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
