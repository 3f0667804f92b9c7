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
import { fromPod } from '#runtime/traffic/decision.ts';
import type { ForwardRequest } from '#runtime/traffic/forward.ts';
import type { ForwardTarget } from '#runtime/traffic/outcome.ts';
import type { TrafficPlane } from '#runtime/traffic/plane.ts';
import { encodePredictions, PREDICTIONS_HEADER } from '#runtime/traffic/predictions-header.ts';
import type { Rollout } from '#runtime/traffic/rollout.ts';
import type { Copy } from '#runtime/traffic/shadow.ts';
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
  readonly traffic: TrafficPlane;
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
    const { traffic } = this.#services;
    const { forwarded, route, caller } = exchange;
    const asked = { forwarded, versioned: route.version !== undefined };
    const destination = traffic.route(asked, (name) => headerOf(caller, name));
    switch (destination) {
      case 'local':
        return this.#answerHere(exchange, model, body, (answer) => this.#finishOwn(exchange, answer, body));
      case 'kept':
        return this.#keep(exchange, model, body, traffic.rollout);
      default:
        void this.#forward(exchange, model, body, destination);
    }
  }

  #finishOwn(exchange: Exchange, answer: Answer, body: Buffer): void {
    this.#finish(exchange, answer);
    this.#services.gate.answered(performance.now() - exchange.arrivedMs);
    // V2 reads tensors where they lie, and in this turn alone. Pictures are read by other threads.
    if (exchange.route.prediction === 'v2') freeMemory(body);
  }

  /** Answers what the split left here, and has some of it copied to the candidate once the client has its answer. */
  #keep(exchange: Exchange, model: Model, body: Buffer, rollout: Rollout | undefined): void {
    const copied = rollout?.wantsCopy(body.length) === true;
    const { route } = exchange;
    // As forwarded requests are timed: from the whole request to the whole answer.
    const startedMs = performance.now();
    // Tensors and pictures may move to other threads with the memory of their body.
    const moves = route.prediction === 'v2' || model.pictures !== undefined;
    const kept = copied ? requestOf(exchange, moves ? Buffer.from(body) : body) : undefined;
    this.#answerHere(exchange, model, body, (answer) => {
      this.#finishOwn(exchange, answer, body);
      const { status, predictions } = answer;
      this.#services.traffic.kept(rollout, {
        seconds: (performance.now() - startedMs) / 1000,
        status,
        predictions,
      });
      if (kept !== undefined) rollout?.answered(status === 200 ? copyOf(kept, exchange, answer) : undefined);
    });
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
        requestId: exchange.requestId,
        rows: 1,
        arrivedMs: exchange.arrivedMs,
        modelLoaded: true,
        uptimeSeconds: state.uptimeSeconds,
        loadedAt: model.loadedAt,
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

  /** Asks the other revision; whatever keeps it from answering, this pod answers itself. */
  async #forward(exchange: Exchange, model: Model, body: Buffer, target: ForwardTarget): Promise<void> {
    const { traffic } = this.#services;
    const passed = await traffic.pass(target, requestOf(exchange, body));
    const theirs = traffic.settle(passed);
    if (theirs !== undefined) return this.#finish(exchange, theirs);
    this.#answerHere(exchange, model, body, (own) => {
      this.#finish(exchange, traffic.settle(passed, own.status) ?? own);
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

function requestOf({ caller, requestId }: Exchange, body: Buffer): ForwardRequest {
  return {
    path: caller.url,
    body,
    contentType: headerOf(caller, 'content-type'),
    jsonLength: jsonLengthOf(caller),
    requestId,
    traceparent: headerOf(caller, 'traceparent'),
  };
}

function copyOf(request: ForwardRequest, { route }: Exchange, { body, tail, headers }: Answer): Copy {
  const length = headers?.[JSON_LENGTH_HEADER];
  return {
    request,
    protocol: route.prediction ?? 'predict',
    own: {
      body,
      ...(tail === undefined ? {} : { tail }),
      jsonLength: length === undefined ? undefined : Number(length),
    },
  };
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
