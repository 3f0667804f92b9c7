import type { FuzzCase } from './case.ts';
import { routeOf } from './judge.ts';
import type { Outcome } from './wire.ts';

/** How deep a run went: which routes gave which answers, and how long the slowest took. */
export class Tally {
  readonly #counts = new Map<string, number>();
  cases = 0;
  slowestMs = 0;

  add({ requests }: FuzzCase, { parsed, milliseconds }: Outcome): void {
    this.cases++;
    this.slowestMs = Math.max(this.slowestMs, milliseconds);
    for (const [index, { status, body }] of parsed.answers.entries()) {
      const request = requests?.[index];
      const route = request === undefined ? '(broken framing)' : known(routeOf(request.path));
      const code = status >= 400 ? (/"code":"(\w+)"/.exec(body.toString('latin1', 0, 4000))?.[1] ?? '') : '';
      const key = `${route} ${status} ${code}`.trim();
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  lines(): readonly string[] {
    return [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, count]) => `${String(count).padStart(9)}  ${key}`);
  }
}

const ROUTES = new Set([
  '/',
  '/predict',
  '/predict_batch',
  '/v2/models/:name/infer',
  '/drift',
  '/docs',
  '/model/info',
  '/metrics',
  '/health',
]);

function known(route: string): string {
  return ROUTES.has(route) ? route : route.startsWith('/v2') ? '/v2...' : '(other)';
}
