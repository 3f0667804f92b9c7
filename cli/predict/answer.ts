import { z } from 'zod';
import { REVISION_HEADER } from '#contract/names.ts';
import type { RawResponse } from '#operator/kube/index.ts';

/** What came back through the API server's proxy: from a pod, or from the API server itself. */
export type ProxyAnswer =
  | {
      readonly from: 'model';
      readonly status: number;
      readonly revision: string | undefined;
      readonly body: unknown;
    }
  | {
      readonly from: 'apiserver';
      readonly status: number;
      readonly reason: string;
      readonly message: string;
    };

const statusSchema = z.object({
  kind: z.literal('Status'),
  apiVersion: z.literal('v1'),
  reason: z.string().default('Unknown'),
  message: z.string().default(''),
});

export function proxyAnswer(response: RawResponse): ProxyAnswer {
  const content = response.body.toString('utf8');
  const body = parse(content);
  const status = statusSchema.safeParse(body);
  if (response.status >= 400 && status.success) {
    const { reason, message } = status.data;
    return { from: 'apiserver', status: response.status, reason, message };
  }
  const revision = response.headers[REVISION_HEADER];
  return {
    from: 'model',
    status: response.status,
    revision: typeof revision === 'string' ? revision : undefined,
    body,
  };
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return content;
  }
}
