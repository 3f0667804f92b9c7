import type { Job } from '#runtime/engine/job.ts';
import { isPictureBody } from '#runtime/image/index.ts';
import type { Model } from '#runtime/model/load.ts';
import type { AnswerContext } from '#runtime/protocol/answer.ts';
import type { Reader, Sink } from '#runtime/protocol/predict.ts';
import type { BodyRules } from './body.ts';
import { headerOf, type Caller } from './caller.ts';
import type { RouteMatch } from './routes.ts';

/** V2's tensors are as V2 has them: its bodies are no pictures. */
function takesPictures({ pictures }: Model, { prediction }: RouteMatch): boolean {
  return pictures !== undefined && prediction !== 'v2';
}

/** What a prediction's route takes from this model's callers. */
export function bodyRules(model: Model, route: RouteMatch, limit: number): BodyRules {
  return { limit, binary: route.prediction === 'v2', pictures: takesPictures(model, route) };
}

interface Asked {
  readonly caller: Caller;
  readonly route: RouteMatch;
}

/** How a request with pictures in its body is answered; undefined for a body of JSON. */
export function pictureAnswer(
  { caller, route }: Asked,
  model: Model,
  bytes: Buffer,
): ((context: AnswerContext, sink: Sink) => Promise<Job>) | undefined {
  const { pictures } = model;
  const sent = { bytes, contentType: headerOf(caller, 'content-type'), gone: () => caller.left };
  if (pictures === undefined || !takesPictures(model, route) || !isPictureBody(sent)) return undefined;
  const answer = route.prediction === 'batch' ? pictures.predictBatch : pictures.predict;
  return (context, sink) => answer(sent, context, sink);
}

export function readerOf(model: Model, route: RouteMatch): Reader {
  if (route.prediction === 'v2') return model.v2;
  return route.prediction === 'batch' ? model.named.predictBatch : model.named.predict;
}
