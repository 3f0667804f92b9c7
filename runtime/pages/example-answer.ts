import { v2Example } from '#runtime/http/v2-openapi.ts';
import type { Model } from '#runtime/model/load.ts';
import { answerTo, exampleRows } from './example-rows.ts';
import { pictureRequest } from './picture-request.ts';
import { readableJson } from './readable-json.ts';

/** What a GET of this server answers. */
export type Ask = (path: string) => Promise<Response>;

export interface Example {
  /** Relative to the server's root. */
  readonly path: string;
  /** JSON that is sent. */
  readonly body?: unknown;
  /** Names of pictures that are sent. */
  readonly files?: readonly string[];
  readonly answer: string;
  readonly status: number;
}

/** Longer answers are cut. */
const MAX_ANSWER = 1500;

/** Where this very model is: "/v2/models/{name}" -> "v2/models/churn". */
function examplePath(template: string, { name, manifest }: Model): string {
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
      answer: shortened(indented(await response.text())),
      status: response.status,
    };
  }
  // A graph may refuse what was made up for it: then there is no example.
  return postExample(template, model, revision).then(
    ({ answer, ...sent }) => ({ ...sent, path, answer: shortened(readableJson(answer)), status: 200 }),
    () => undefined,
  );
}

interface Answered {
  readonly body?: unknown;
  readonly files?: readonly string[];
  readonly answer: unknown;
}

async function postExample(template: string, model: Model, revision: string): Promise<Answered> {
  const batch = template === '/predict_batch';
  const infer = template.endsWith('/infer');
  if (model.pictures !== undefined && !infer) {
    const { files, outputs, start } = await pictureRequest(model, model.pictures, batch);
    return { files, answer: await answerTo(model, revision, outputs, start) };
  }
  const rows = exampleRows(model).slice(0, batch ? 2 : 1);
  const [row = {}] = rows.map(({ input }) => input);
  const name = model.manifest.response?.batch?.request ?? 'instances';
  const body = infer ? v2Example(model, row) : batch ? { [name]: rows.map(({ input }) => input) } : row;
  const read = infer ? model.v2 : batch ? model.named.predictBatch : model.named.predict;
  const bytes = Buffer.from(JSON.stringify(body));
  const outputs = rows.map(({ output }) => output);
  const answer = await answerTo(model, revision, outputs, (context, sink) => read(bytes, context, sink));
  return { body, answer };
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
