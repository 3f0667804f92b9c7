import { PORT } from '#contract/names.ts';
import { POD_DRIFT_PATH, podDriftSchema, type PodDrift } from '#contract/pod-drift.ts';
import { askPod, type PodQuestion } from '#operator/monitor/index.ts';

/** Asks the pod at this address for its bins. Throws where it does not say, with a message that quotes nothing of it. */
export type PodDriftProbe = (ip: string, signal: AbortSignal) => Promise<PodDrift>;

/** The bins of POD_DRIFT_LIMITS with long counts have less than a MiB. */
const QUESTION: PodQuestion<PodDrift> = {
  path: POD_DRIFT_PATH,
  schema: podDriftSchema,
  timeoutMs: 3000,
  maxBytes: 1024 * 1024,
  otherwise: 'the answer is no report of drift of a version that this operator knows',
  notFound: 'its runtime image is from before pods reported drift',
};

export const httpPodDriftProbe: PodDriftProbe = async (ip, signal) => askPodForDrift(ip, PORT.http, signal);

export async function askPodForDrift(ip: string, port: number, signal: AbortSignal): Promise<PodDrift> {
  return askPod(QUESTION, { ip, port }, signal);
}
