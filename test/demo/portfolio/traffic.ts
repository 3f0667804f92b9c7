import { Load } from '#test/support/load.ts';
import { requestsOf, type Portfolio } from '#test/portfolio/index.ts';

const REQUESTS_PER_SECOND = 5;

/** Every model is asked a few times a second, with different requests, so that dashboards have something to show. */
export async function startTraffic(
  portfolio: Portfolio,
  addresses: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly Load[]>> {
  const loads = new Map<string, readonly Load[]>();
  for (const [name, address] of addresses) {
    const requests = (await requestsOf(portfolio.bundles.get(name) ?? '')).slice(0, REQUESTS_PER_SECOND);
    loads.set(
      name,
      requests.map(
        ({ body, contentType }) =>
          new Load({
            url: `${address}/predict`,
            body,
            contentType,
            ratePerSecond: REQUESTS_PER_SECOND / requests.length,
            connections: 'keptAlive',
            clients: 1,
          }),
      ),
    );
  }
  return loads;
}

/** A line for each model: how many were asked and failed. */
export async function stopTraffic(loads: ReadonlyMap<string, readonly Load[]>): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [name, each] of loads) {
    const reports = await Promise.all(each.map((load) => load.stop()));
    const sent = reports.reduce((sum, report) => sum + report.sent, 0);
    const failures = reports.flatMap((report) => report.failures);
    const slowest = Math.max(...reports.map(({ latencyMs }) => latencyMs.p99));
    const first = failures[0] === undefined ? '' : `, the first: ${failures[0].error}`;
    lines.push(`${name}: ${sent} requests, ${failures.length} failed${first}, p99 ${slowest.toFixed(0)} ms`);
  }
  return lines;
}
