import type { Model } from '#runtime/model/load.ts';
import type { Reader } from '#runtime/protocol/predict.ts';

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

/** What the model answers to a body. Runs it once, as an example: no request and no prediction is counted. */
export function answerTo(model: Model, read: Reader, body: unknown, revision: string): Promise<unknown> {
  const context = { revision, arrivedMs: performance.now(), modelLoaded: true, uptimeSeconds: 0 };
  return new Promise((resolve, reject) => {
    const job = read(Buffer.from(JSON.stringify(body)), context, {
      answer: (answer) => resolve(JSON.parse(typeof answer === 'string' ? answer : answer.json) as unknown),
      refuse: reject,
    });
    if (job !== undefined) model.batcher.submit(job);
  });
}
