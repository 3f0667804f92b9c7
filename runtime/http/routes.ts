/** What a request's path means. */
export interface RouteMatch {
  /** The route's template: a metric's label. */
  readonly template: string;
  readonly methods: readonly string[];
  /** Which hot route it is; the others are Hono's. */
  readonly prediction: 'predict' | 'batch' | 'v2' | undefined;
  /** The V2 protocol's model name and version. */
  readonly model?: string;
  readonly version?: string;
}

const GET = ['GET', 'HEAD'];
const POST = ['POST'];

function page(template: string): RouteMatch {
  return { template, methods: GET, prediction: undefined };
}

const FIXED_ROUTES: readonly RouteMatch[] = [
  page('/'),
  page('/health'),
  page('/livez'),
  page('/readyz'),
  page('/model/info'),
  page('/stats'),
  page('/metrics'),
  page('/drift'),
  page('/openapi.json'),
  page('/docs'),
  page('/windlass/v1/traffic'),
  page('/windlass/v1/drift'),
  page('/v2'),
  page('/v2/health/live'),
  page('/v2/health/ready'),
  { template: '/predict', methods: POST, prediction: 'predict' },
  { template: '/predict_batch', methods: POST, prediction: 'batch' },
];
const FIXED: ReadonlyMap<string, RouteMatch> = new Map(FIXED_ROUTES.map((route) => [route.template, route]));

const MODEL = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/ready|\/infer)?$/;

/** Paths of models that were asked for before: clients name the same few. Bounded, because anybody can name others. */
const SEEN = new Map<string, RouteMatch>();
const MOST_SEEN = 64;
const MODEL_PATH = 512;

/** Finds the route of a URL's path, whatever the method; undefined where there is none. */
export function matchRoute(url: string): RouteMatch | undefined {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const fixed = FIXED.get(path);
  if (fixed !== undefined) return fixed;
  const seen = SEEN.get(path);
  if (seen !== undefined) return seen;
  const route = modelRoute(path);
  if (route !== undefined && SEEN.size < MOST_SEEN && path.length < MODEL_PATH) SEEN.set(path, route);
  return route;
}

function modelRoute(path: string): RouteMatch | undefined {
  const [, model, version, tail = ''] = MODEL.exec(path) ?? [];
  if (model === undefined) return undefined;
  return {
    template: `/v2/models/:name${version === undefined ? '' : '/versions/:version'}${tail}`,
    methods: tail === '/infer' ? POST : GET,
    prediction: tail === '/infer' ? 'v2' : undefined,
    model: decoded(model),
    ...(version === undefined ? {} : { version: decoded(version) }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Every route, for the page that lists them. */
export const ROUTES: readonly RouteMatch[] = [
  ...FIXED_ROUTES,
  ...['', '/ready', '/infer'].flatMap((tail) =>
    ['/v2/models/name', '/v2/models/name/versions/version'].flatMap((path) => matchRoute(path + tail) ?? []),
  ),
];
