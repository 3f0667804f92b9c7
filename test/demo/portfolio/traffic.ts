import { Load } from '#test/support/load.ts';
import { requestsOfData, type Portfolio } from '#test/portfolio/index.ts';

const REQUESTS_PER_SECOND = 5;

/**
 * Every model is asked a few times a second, with the rows that it was trained on: dashboards have something to show,
 * and nothing drifts.
 */
export async function startTraffic(
  portfolio: Portfolio,
  addresses: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Load>> {
  const loads = new Map<string, Load>();
  for (const [name, address] of addresses) {
    const requests = await requestsOfData(portfolio.bundles.get(name) ?? '', portfolio.data.get(name) ?? '');
    loads.set(
      name,
      new Load({
        url: `${address}/predict`,
        body: (sent) => requests[sent % requests.length]?.body ?? '',
        ...(requests[0] === undefined ? {} : { contentType: requests[0].contentType }),
        ratePerSecond: REQUESTS_PER_SECOND,
        connections: 'keptAlive',
        clients: 2,
      }),
    );
  }
  return loads;
}

/** A line for each model: how many were asked and failed. */
export async function stopTraffic(loads: ReadonlyMap<string, Load>): Promise<readonly string[]> {
  return Promise.all(
    [...loads].map(async ([name, load]) => {
      const { sent, failures, latencyMs } = await load.stop();
      const first = failures[0] === undefined ? '' : `, the first: ${failures[0].error}`;
      return `${name}: ${sent} requests, ${failures.length} failed${first}, p99 ${latencyMs.p99.toFixed(0)} ms`;
    }),
  );
}
