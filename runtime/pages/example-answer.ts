import { v2Example } from '#runtime/http/v2-openapi.ts';
import type { Model } from '#runtime/model/load.ts';
import { answerTo, exampleRows } from './example-rows.ts';
import { readableJson } from './readable-json.ts';

/** What a GET of this server answers. */
export type Ask = (path: string) => Promise<Response>;

export interface Example {
  /** Relative to the server's root. */
  readonly path: string;
  /** undefined where nothing is sent. */
  readonly body: unknown;
  readonly answer: string;
  readonly status: number;
}

/** Longer answers are cut. */
const MAX_ANSWER = 1500;

/** Where this very model is: "/v2/models/{name}" -> "v2/models/churn". */
export function examplePath(template: string, { name, manifest }: Model): string {
  return template
    .slice(1)
    .replace('{name}', encodeURIComponent(name))
    .replace('{version}', encodeURIComponent(manifest.version));
}

/** A request to an endpoint with what it answers, asked here and now; undefined where a page would hold itself. */
export async function exampleOf(
  template: string,
  method: string,
  model: Model,
  { revision, ask }: { readonly revision: string; readonly ask: Ask },
): Promise<Example | undefined> {
  const path = examplePath(template, model);
  if (method === 'get') {
    if (template === '/docs') return undefined;
    const response = await ask(`/${path}`);
    return {
      path,
      body: undefined,
      answer: shortened(indented(await response.text())),
      status: response.status,
    };
  }
  const [row = {}, ...rows] = exampleRows(model);
  const batch = model.manifest.response?.batch?.request ?? 'instances';
  const request = template.endsWith('/infer')
    ? { read: model.v2, body: v2Example(model, row) }
    : template === '/predict_batch'
      ? { read: model.named.predictBatch, body: { [batch]: [row, ...rows.slice(0, 1)] } }
      : { read: model.named.predict, body: row };
  // A graph may refuse what was made up for it: then there is no example.
  const answer = await answerTo(model, request.read, request.body, revision).catch(() => undefined);
  if (answer === undefined) return undefined;
  return { path, body: request.body, answer: shortened(readableJson(answer)), status: 200 };
}

function indented(text: string): string {
  try {
    return readableJson(JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

/** Whole lines of a long text, and how much of it is left out. */
export function shortened(text: string): string {
  if (text.length <= MAX_ANSWER) return text;
  const end = text.lastIndexOf('\n', MAX_ANSWER);
  const kept = text.slice(0, end > 0 ? end : MAX_ANSWER);
  return `${kept}\n\u2026 and ${text.length - kept.length} more characters`;
}
