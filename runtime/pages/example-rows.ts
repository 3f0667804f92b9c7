import type { Job } from '#runtime/engine/job.ts';
import type { Model } from '#runtime/model/load.ts';
import type { AnswerContext } from '#runtime/protocol/answer.ts';
import type { Sink } from '#runtime/protocol/predict.ts';
import { answerGolden, type GoldenOutput } from './golden-answer.ts';

/** A request that this model answers. */
export interface ExampleRow {
  /** A body of POST /predict. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What the graph answers to it, where golden.json says so. */
  readonly output?: GoldenOutput;
}

const MAX_ROWS = 8;

/** Golden requests that a caller could send, else one made from the model's inputs. */
export function exampleRows(model: Model): readonly ExampleRow[] {
  const golden = model.source.golden?.rows ?? [];
  const accepted = golden.filter(({ input }) => accepts(model, input)).slice(0, MAX_ROWS);
  return accepted.length > 0 ? accepted : [{ input: model.example }];
}

/** Golden requests try the graph with missing and unknown values too, which a caller may not send. */
function accepts(model: Model, row: ExampleRow['input']): boolean {
  try {
    readOnly(model, row);
    return true;
  } catch {
    return false;
  }
}

/** Reads a request without running it; throws RequestError where it is not what the model takes. */
function readOnly(model: Model, body: unknown): void {
  const sink = { answer: () => undefined, refuse: () => undefined };
  model.named.predict(Buffer.from(JSON.stringify(body)), exampleContext(model, ''), sink);
}

function exampleContext({ loadedAt }: Model, revision: string): AnswerContext {
  return {
    revision,
    requestId: 'example',
    rows: 1,
    arrivedMs: performance.now(),
    modelLoaded: true,
    uptimeSeconds: 0,
    loadedAt,
  };
}

/** How a request begins: to rows that have to run, or an answer at once. */
export type Start = (context: AnswerContext, sink: Sink) => Job | undefined | Promise<Job>;

/**
 * What the model answers. No request and no prediction is counted, and where golden.json has the answers of the rows,
 * nothing is run, so that nobody takes an example for what a client asks.
 */
export async function answerTo(
  model: Model,
  revision: string,
  outputs: readonly ExampleRow['output'][],
  start: Start,
): Promise<unknown> {
  const context = exampleContext(model, revision);
  const answered = Promise.withResolvers<unknown>();
  const sink: Sink = {
    answer: (body) => answered.resolve(JSON.parse(typeof body === 'string' ? body : body.json) as unknown),
    refuse: answered.reject,
  };
  const job = await start(context, sink);
  if (job !== undefined && !answerGolden(job, model.outputs, outputs)) model.batcher.submit(job);
  return answered.promise;
}
