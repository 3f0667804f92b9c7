import {
  FORWARDED_HEADER,
  FORWARDED_TOKEN_HEADER,
  REQUEST_ID_HEADER,
  REVISION_HEADER,
} from '#contract/names.ts';
import { freeMemory } from '#runtime/engine/tensor.ts';
import type { Logger } from '#runtime/log.ts';
import type { CountedPrediction, Metrics } from '#runtime/metrics.ts';
import type { Model } from '#runtime/model/load.ts';
import { JSON_LENGTH_HEADER } from '#runtime/protocol/answer-body.ts';
import { RequestError, type ErrorShape } from '#runtime/protocol/errors.ts';
import type { Sink } from '#runtime/protocol/predict.ts';
import type { ServiceState } from '#runtime/state.ts';
import { destinationOf, fromPod, judgeStatus } from '#runtime/traffic/decision.ts';
import type { ForwardedAnswer, Forwarder } from '#runtime/traffic/forward.ts';
import {
  decodePredictions,
  encodePredictions,
  PREDICTIONS_HEADER,
} from '#runtime/traffic/predictions-header.ts';
import { accessFields } from './access-log.ts';
import { bodyProblem, jsonLengthOf } from './body.ts';
import { headerOf, type Caller } from './caller.ts';
import type { Gate } from './gate.ts';
import { bodyRules, pictureAnswer, readerOf } from './readers.ts';
import { bodyReply, errorReply, requestIdOf, type Reply } from './respond.ts';
import type { RouteMatch } from './routes.ts';
import { runProblem } from './run-problem.ts';

export interface PredictionServices {
  readonly state: ServiceState;
  readonly metrics: Metrics;
  readonly forwarder: Forwarder;
  readonly log: Logger;
  readonly maxBodyBytes: number;
  readonly gate: Gate;
}

/** One request and what is known of it. */
interface Exchange {
  readonly caller: Caller;
  readonly route: RouteMatch;
  readonly requestId: string;
  readonly arrivedMs: number;
  /** It says that another pod passed it on: it goes no further. */
  readonly forwarded: boolean;
  /** A pod passed it on, which counts it. */
  readonly received: boolean;
  /** This pod was not stable when it came: the client shall connect anew. */
  readonly close: boolean;
}

interface Answer extends Reply {
  readonly predictions: readonly CountedPrediction[];
}

/** The hot routes: /predict, /predict_batch and V2 infer, from the body to the answer. */
export class PredictionEndpoint {
  readonly #services: PredictionServices;

  constructor(services: PredictionServices) {
    this.#services = services;
  }

  handle(caller: Caller, route: RouteMatch): void {
    const { state, maxBodyBytes, gate } = this.#services;
    const forwarded = caller.headers[FORWARDED_HEADER] !== undefined;
    const received =
      forwarded && fromPod(state.traffic, { forwarded, token: headerOf(caller, FORWARDED_TOKEN_HEADER) });
    const close = state.draining || (!forwarded && !state.stable);
    const arrivedMs = performance.now();
    const exchange = {
      caller,
      route,
      requestId: requestIdOf(caller),
      arrivedMs,
      forwarded,
      received,
      close,
    };
    const { model } = state;
    const problem =
      model === undefined
        ? notAvailable()
        : (nameProblem(model, route) ??
          bodyProblem(caller, bodyRules(model, route, maxBodyBytes)) ??
          gate.enter(arrivedMs, caller));
    if (model === undefined || problem !== undefined) {
      const reply = errorReply(problem ?? notAvailable(), errorShapeOf(route, model));
      return this.#finish(exchange, { ...reply, predictions: [] }, 'refuse');
    }
    caller.goOn();
    const refuse = (error: RequestError): void => {
      const reply = { ...errorReply(error, errorShapeOf(route, model)), predictions: [] };
      this.#finish(exchange, reply, 'sendEarly');
    };
    const grown = (bytes: number): RequestError | undefined => gate.hold(arrivedMs, caller, bytes);
    const done = (body: Buffer): void => {
      const heavy = grown(body.length);
      if (heavy === undefined) this.#dispatch(exchange, model, body);
      else refuse(heavy);
    };
    caller.readBody(maxBodyBytes, { grown, done, refuse });
  }

  #dispatch(exchange: Exchange, model: Model, body: Buffer): void {
    const { state, gate } = this.#services;
    const { forwarded, route } = exchange;
    const versioned = route.version !== undefined;
    const destination = destinationOf(state.revision, state.traffic, { forwarded, versioned });
    if (destination.kind === 'local') {
      this.#answerHere(exchange, model, body, (answer) => {
        this.#finish(exchange, answer);
        gate.answered(performance.now() - exchange.arrivedMs);
        // V2 reads tensors where they lie, and in this turn alone. Pictures are read by other threads.
        if (route.prediction === 'v2') freeMemory(body);
      });
    } else {
      void this.#forward(exchange, model, body);
    }
  }

  #answerHere(exchange: Exchange, model: Model, body: Buffer, done: (answer: Answer) => void): void {
    const { state } = this.#services;
    const refused = (error: unknown): void => {
      done({
        ...errorReply(this.#requestError(error, exchange), errorShapeOf(exchange.route, model)),
        predictions: [],
      });
    };
    try {
      const context = {
        revision: state.revisionName,
        arrivedMs: exchange.arrivedMs,
        modelLoaded: true,
        uptimeSeconds: state.uptimeSeconds,
      };
      const sink: Sink = {
        answer: (answer, predictions) => done({ status: 200, ...bodyReply(answer), predictions }),
        refuse: refused,
      };
      const gone = (): boolean => exchange.caller.left;
      const picture = pictureAnswer(exchange, model, body);
      if (picture !== undefined)
        return void picture(context, sink).then((job) => model.batcher.submit(job, gone), refused);
      const read = readerOf(model, exchange.route);
      const job = read(body, context, sink, jsonLengthOf(exchange.caller));
      if (job !== undefined) model.batcher.submit(job, gone);
    } catch (error) {
      refused(error);
    }
  }

  /** Asks the stable revision; whatever keeps it from answering, this pod answers itself. */
  async #forward(exchange: Exchange, model: Model, body: Buffer): Promise<void> {
    const { forwarder, metrics, log } = this.#services;
    const { caller, requestId } = exchange;
    const result = await forwarder.forward({
      path: caller.url,
      body,
      contentType: headerOf(caller, 'content-type'),
      jsonLength: jsonLengthOf(caller),
      requestId,
      traceparent: headerOf(caller, 'traceparent'),
    });
    const verdict = result.kind === 'answer' ? judgeStatus(result.status) : result.outcome;
    if (result.kind === 'answer' && verdict === 'answer') {
      metrics.forwarded('ok');
      return this.#finish(exchange, passedOn(result));
    }
    this.#answerHere(exchange, model, body, (answer) => {
      const agrees = result.kind === 'answer' && verdict === 'compare' && answer.status >= 400;
      const outcome = agrees ? 'ok' : verdict === 'compare' || verdict === 'answer' ? 'rejected' : verdict;
      metrics.forwarded(outcome);
      if (outcome !== 'ok') {
        const cause = result.kind === 'answer' ? `status ${result.status}` : result.message;
        log.warn(
          { requestId, outcome, cause },
          'the stable revision did not answer a forwarded request; answered here',
        );
      }
      this.#finish(exchange, agrees ? passedOn(result) : answer);
    });
  }

  #finish(exchange: Exchange, answer: Answer, how: 'answer' | 'refuse' | 'sendEarly' = 'answer'): void {
    const { state, metrics, log } = this.#services;
    const { caller, route, requestId, arrivedMs, received } = exchange;
    const { status, predictions } = answer;
    const seconds = (performance.now() - arrivedMs) / 1000;
    if (received) {
      metrics.forwardReceived(status);
    } else {
      metrics.requestFinished(caller.method, route.template, status, seconds);
      metrics.predicted(predictions);
    }
    if (log.isLevelEnabled('debug')) {
      const fields = accessFields(caller, route.template, status, seconds);
      log.debug({ ...fields, requestId, received }, 'answered');
    }
    if (caller.gone) return;
    const headers = {
      [REVISION_HEADER]: state.revisionName,
      [REQUEST_ID_HEADER]: requestId,
      ...(received && predictions.length > 0 ? { [PREDICTIONS_HEADER]: encodePredictions(predictions) } : {}),
      ...answer.headers,
    };
    try {
      caller[how]({ ...answer, close: exchange.close || state.draining, headers });
    } catch (error) {
      // One answer that cannot be written shall not take the others of its run with it.
      log.error({ err: error, requestId }, 'an answer could not be written');
      caller.destroy();
    }
  }

  #requestError(error: unknown, { requestId, route }: Exchange): RequestError {
    if (error instanceof RequestError) return error;
    const problem = runProblem(error);
    if (problem !== undefined) return problem;
    this.#services.log.error(
      { err: error, requestId, path: route.template },
      'a request failed for no fault of its own',
    );
    return new RequestError(
      500,
      'Internal',
      `an error of the server; its log has the cause under request id ${requestId}`,
    );
  }
}

function passedOn({ status, body, headers }: ForwardedAnswer): Answer {
  const contentType = fieldOf(headers['content-type']);
  const names = [REVISION_HEADER, JSON_LENGTH_HEADER];
  const passed = names.map((name) => [name, fieldOf(headers[name])]);
  return {
    status,
    body,
    ...(contentType === undefined ? {} : { contentType }),
    headers: Object.fromEntries(passed.filter(([, value]) => value !== undefined)),
    predictions: decodePredictions(headers[PREDICTIONS_HEADER]),
  };
}

/** A header of another pod's answer, where it can be one of this pod's. */
function fieldOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(value) ? value : undefined;
}

export function errorShapeOf(
  route: RouteMatch | undefined,
  model: Model | undefined,
): ErrorShape | 'unknown' {
  if (route?.template.startsWith('/v2') === true) return 'v2';
  return model === undefined ? 'unknown' : (model.manifest.response?.errors ?? 'windlass');
}

/** A V2 route's model must be this one, by either name, and its version too. */
export function nameProblem(model: Model, { model: name, version }: RouteMatch): RequestError | undefined {
  if (name !== undefined && name !== model.name && name !== model.manifest.name) {
    return new RequestError(
      404,
      'NotFound',
      `there is no model "${name.slice(0, 100)}" here; this server has "${model.name}"`,
    );
  }
  if (version === undefined || version === model.manifest.version) return undefined;
  return new RequestError(
    404,
    'NotFound',
    `model "${model.name}" has no version "${version.slice(0, 100)}" here; this server has version "${model.manifest.version}"`,
  );
}

export function notAvailable(): RequestError {
  return new RequestError(503, 'ModelUnavailable', 'Model not available', {
    headers: { 'retry-after': '1' },
  });
}
