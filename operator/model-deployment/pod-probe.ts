import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { PORT } from '#contract/names.ts';
import type { PodProbe } from './acknowledgements.ts';

/** What the runtime answers on `GET /windlass/v1/traffic`, as far as it is read here. */
const answerSchema = z.object({ generation: z.number().nullish() });

const TIMEOUT_MS = 1000;

/** Asks a pod over the network. Its answer is not trusted with anything but a number. */
export const httpPodProbe: PodProbe = async (ip, signal) => {
  const host = isIPv6(ip) ? `[${ip}]` : ip;
  const response = await fetch(`http://${host}:${PORT.http}/windlass/v1/traffic`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    redirect: 'error',
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return answerSchema.parse(await response.json()).generation ?? 0;
};
