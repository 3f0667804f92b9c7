import type { HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { accepts } from 'hono/accepts';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { REVISION_HEADER } from '#contract/names.ts';
import { POD_DRIFT_PATH } from '#contract/pod-drift.ts';
import { POD_REPORT_PATH } from '#contract/pod-report.ts';
import { podDrift } from '#runtime/drift/index.ts';
import type { Metrics } from '#runtime/metrics.ts';
import type { Model } from '#runtime/model/load.ts';
import type { ServiceState } from '#runtime/state.ts';
import type { TrafficPlane } from '#runtime/traffic/plane.ts';
import { trafficReport } from '#runtime/traffic/report.ts';
import { answerDrift } from './drift-answer.ts';
import { healthAnswer, modelInfo, serviceInfo } from './information.ts';
import { openApi } from './openapi.ts';
import { answerPage } from './page-answer.ts';
import { errorShapeOf, nameProblem, notAvailable } from './predictions.ts';
import { errorReply, JSON_TYPE } from './respond.ts';
import { matchRoute } from './routes.ts';
import { stats } from './stats.ts';

export interface AppServices {
  readonly state: ServiceState;
  readonly metrics: Metrics;
  readonly traffic: TrafficPlane;
  readonly version: string;
  /** Whoever would wait longer is refused. */
  readonly maxWaitMs?: () => number;
}

/** The Open Inference Protocol's names of what this server has beyond its core. */
const V2_EXTENSIONS = ['binary_tensor_data'];

type AppContext = Context<{ Bindings: HttpBindings }>;

/** Everything that is not a prediction. The front has checked path and method already. */
export function createApp({
  state,
  metrics,
  traffic,
  version,
  maxWaitMs,
}: AppServices): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (c, next) => {
    await next();
    c.header(REVISION_HEADER, state.revisionName);
  });

  app.get('/livez', (c) => c.json({ live: true }));
  app.get('/readyz', (c) => c.json({ ready: state.ready }, state.ready ? 200 : 503));
  app.get('/health', (c) => {
    const { status, body } = healthAnswer(state);
    return c.json(body, status);
  });
  app.get('/stats', (c) => c.json(stats(state, metrics, maxWaitMs?.())));
  app.get('/metrics', async (c) =>
    c.body(await metrics.text(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.get(POD_REPORT_PATH, (c) => c.json(trafficReport(state, metrics, traffic.rollout)));
  app.get(POD_DRIFT_PATH, (c) =>
    c.json(podDrift(state.model?.drift, { revision: state.revision, instance: state.instance })),
  );
  app.get('/v2', (c) => c.json({ name: 'windlass', version, extensions: V2_EXTENSIONS }));
  app.get('/v2/health/live', (c) => c.json({ live: true }));
  app.get('/v2/health/ready', (c) => c.json({ ready: state.ready }, state.ready ? 200 : 503));

  const withModel = (
    path: string,
    answer: (c: AppContext, model: Model) => Response | Promise<Response>,
  ): void => {
    app.get(path, (c) => {
      const { model } = state;
      const route = matchRoute(c.req.path);
      const problem = model === undefined ? notAvailable() : route && nameProblem(model, route);
      if (model !== undefined && problem === undefined) return answer(c, model);
      const reply = errorReply(problem ?? notAvailable(), errorShapeOf(route, model));
      return c.body(reply.body.toString(), reply.status as ContentfulStatusCode, {
        'content-type': JSON_TYPE,
        ...reply.headers,
      });
    });
  };
  const ask = (path: string): Promise<Response> => Promise.resolve(app.request(path));
  app.get('/docs', (c) => answerPage(c, '/docs', state, ask));
  app.get('/', async (c, next) => {
    c.header('vary', 'accept');
    const type = accepts(c, { header: 'Accept', supports: [JSON_TYPE, 'text/html'], default: JSON_TYPE });
    return type === 'text/html' ? answerPage(c, '/', state, ask) : next();
  });
  withModel('/', (c, model) => c.json(serviceInfo(state, model, version)));
  withModel('/model/info', (c, model) => c.json(modelInfo(state, model)));
  withModel('/drift', (c, model) => answerDrift(c, model, state.revisionName));
  withModel('/openapi.json', (c, model) => c.json(openApi(model)));
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    withModel(path, (c, model) => c.json(model.v2Metadata));
    withModel(`${path}/ready`, (c, model) =>
      c.json({ name: model.name, ready: state.ready }, state.ready ? 200 : 503),
    );
  }
  return app;
}
