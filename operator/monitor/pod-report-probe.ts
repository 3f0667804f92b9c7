import { isIPv6 } from 'node:net';
import { PORT } from '#contract/names.ts';
import { POD_REPORT_PATH, podReportSchema } from '#contract/pod-report.ts';
import type { PodReport } from '#contract/pod-report.ts';
import { boundedText, whyItFailed } from './bounded-answer.ts';

/** Asks the pod at this address what it counted. Throws where it does not say, with a message that quotes nothing of it. */
export type PodReportProbe = (ip: string, signal: AbortSignal) => Promise<PodReport>;

const TIMEOUT_MS = 1500;
/** A report has a few KiB; an image of a tenant's own may send what it likes. */
const MAX_ANSWER_BYTES = 64 * 1024;

export const httpPodReportProbe: PodReportProbe = async (ip, signal) =>
  askPodForReport(ip, PORT.http, signal);

export async function askPodForReport(ip: string, port: number, signal: AbortSignal): Promise<PodReport> {
  const host = isIPv6(ip) ? `[${ip}]` : ip;
  const text = await ask(`http://${host}:${port}${POD_REPORT_PATH}`, signal);
  const parsed = podReportSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new Error('the answer is no report of a pod');
}

async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      redirect: 'error',
    });
    if (response.ok) return await boundedText(response, MAX_ANSWER_BYTES);
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
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
