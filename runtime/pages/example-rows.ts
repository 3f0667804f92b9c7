import type { Job } from '#runtime/engine/batcher.ts';
import type { Model } from '#runtime/model/load.ts';
import type { AnswerContext } from '#runtime/protocol/answer.ts';
import type { Reader, Sink } from '#runtime/protocol/predict.ts';

/** A body of POST /predict, parsed. */
export type ExampleRow = Readonly<Record<string, unknown>>;

const MAX_ROWS = 8;

/** Requests that this model answers: golden ones that a caller could send, else one made from its inputs. */
export function exampleRows(model: Model): readonly ExampleRow[] {
  const golden = model.source.golden?.rows.map(({ input }) => input) ?? [];
  const accepted = golden.filter((row) => accepts(model, row)).slice(0, MAX_ROWS);
  return accepted.length > 0 ? accepted : [model.example];
}

/** Golden requests try the graph with missing and unknown values too, which a caller may not send. */
function accepts(model: Model, row: ExampleRow): boolean {
  try {
    readOnly(model.named.predict, row);
    return true;
  } catch {
    return false;
  }
}

/** Reads a request without running it; throws RequestError where it is not what the model takes. */
function readOnly(read: Reader, body: unknown): void {
  read(Buffer.from(JSON.stringify(body)), CONTEXT, { answer: () => undefined, refuse: () => undefined });
}

const CONTEXT = { revision: '', arrivedMs: 0, modelLoaded: true, uptimeSeconds: 0 };

/** How a request begins: to rows that have to run, or an answer at once. */
export type Start = (context: AnswerContext, sink: Sink) => Job | undefined | Promise<Job>;

/** What the model answers. Runs it once, as an example: no request and no prediction is counted. */
export async function answerTo(model: Model, revision: string, start: Start): Promise<unknown> {
  const context = { revision, arrivedMs: performance.now(), modelLoaded: true, uptimeSeconds: 0 };
  const answered = Promise.withResolvers<unknown>();
  const sink: Sink = {
    answer: (body) => answered.resolve(JSON.parse(typeof body === 'string' ? body : body.json) as unknown),
    refuse: answered.reject,
  };
  const job = await start(context, sink);
  if (job !== undefined) model.batcher.submit(job);
  return answered.promise;
}
