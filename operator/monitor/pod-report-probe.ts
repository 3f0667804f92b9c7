import { PORT } from '#contract/names.ts';
import { POD_REPORT_PATH, podReportSchema } from '#contract/pod-report.ts';
import type { PodReport } from '#contract/pod-report.ts';
import { askPod, type PodQuestion } from './ask-pod.ts';

/** Asks the pod at this address what it counted. Throws where it does not say, with a message that quotes nothing of it. */
export type PodReportProbe = (ip: string, signal: AbortSignal) => Promise<PodReport>;

/** A report has a few KiB. */
const QUESTION: PodQuestion<PodReport> = {
  path: POD_REPORT_PATH,
  schema: podReportSchema,
  timeoutMs: 1500,
  maxBytes: 64 * 1024,
  otherwise: 'the answer is no report of a pod',
};

export const httpPodReportProbe: PodReportProbe = async (ip, signal) =>
  askPodForReport(ip, PORT.http, signal);

export async function askPodForReport(ip: string, port: number, signal: AbortSignal): Promise<PodReport> {
  return askPod(QUESTION, { ip, port }, signal);
}
