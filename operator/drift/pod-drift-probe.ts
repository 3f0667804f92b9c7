import { isIPv6 } from 'node:net';
import { PORT } from '#contract/names.ts';
import { POD_DRIFT_PATH, podDriftSchema, type PodDrift } from '#contract/pod-drift.ts';
import { boundedText, whyItFailed } from '#operator/monitor/index.ts';

/** Asks the pod at this address for its bins. Throws where it does not say, with a message that quotes nothing of it. */
export type PodDriftProbe = (ip: string, signal: AbortSignal) => Promise<PodDrift>;

const TIMEOUT_MS = 3000;
/** The bins of POD_DRIFT_LIMITS with long counts; an image of a tenant's own may send what it likes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export const httpPodDriftProbe: PodDriftProbe = async (ip, signal) => askPodForDrift(ip, PORT.http, signal);

export async function askPodForDrift(ip: string, port: number, signal: AbortSignal): Promise<PodDrift> {
  const host = isIPv6(ip) ? `[${ip}]` : ip;
  const parsed = podDriftSchema.safeParse(
    jsonOf(await ask(`http://${host}:${port}${POD_DRIFT_PATH}`, signal)),
  );
  if (parsed.success) return parsed.data;
  throw new Error('the answer is no report of drift of a version that this operator knows');
}

async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      redirect: 'error',
    });
    if (response.ok) return await boundedText(response, MAX_ANSWER_BYTES);
    await response.body?.cancel();
    throw new Error(
      response.status === 404
        ? 'HTTP 404: its runtime image is from before pods reported drift'
        : `HTTP ${response.status}`,
    );
  } catch (error) {
    throw new Error(whyItFailed(error, TIMEOUT_MS), { cause: error });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
