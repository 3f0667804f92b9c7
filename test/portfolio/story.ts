import { setTimeout as sleep } from 'node:timers/promises';
import { findCondition } from '#operator/api/conditions.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import { Store } from '#test/bed/store.ts';
import { Load } from '#test/support/load.ts';
import { modelDeployment } from './manifests.ts';
import { Portfolio, type PortfolioOptions } from './portfolio.ts';
import { shiftedCustomers } from './shifted-customers.ts';
import { NAMESPACE, SYSTEMS } from './systems.ts';

/** What came of it; times are seconds after the first drifted request. */
export interface StoryEnd {
  readonly drifted: number;
  readonly retrained: number;
  readonly promoted: number;
  readonly driftMessage: string;
  readonly versions: readonly [before: string, after: string];
  readonly sent: number;
  readonly failures: readonly string[];
}

const NAME = 'bankchurn';
const RATE = 40;
const CLIENTS = 8;
const POLL_MS = 500;
const LONGEST_MS = 8 * 60_000;

/**
 * From drift to a better model: customers change, the operator finds it and starts a Job, which trains on the new ones
 * and moves the alias; the new model is checked like any other, and promoted.
 */
export async function tellStory(options: PortfolioOptions): Promise<StoryEnd> {
  const system = SYSTEMS.filter(({ name }) => name === NAME);
  const portfolio = new Portfolio({ ...options, systems: system });
  const data = new Store(options.store, 'data');
  try {
    await portfolio.train();
    const customers = await shiftedCustomers(options.folder);
    await portfolio.publish();
    await data.create();
    await data.put('bankchurn/customers.csv', customers.csv);
    await portfolio.serve();
    return await live(portfolio, customers.requests, options);
  } finally {
    await portfolio.delete();
    await portfolio.stop();
    data.close();
  }
}

async function live(
  portfolio: Portfolio,
  requests: readonly string[],
  { kubectl, progress }: PortfolioOptions,
): Promise<StoryEnd> {
  const told = await modelDeployment(NAME, portfolio.places, {
    drift: { maxPsi: 0.2, window: '1m', minSamples: 200 },
    rollout: {
      shadow: { percent: 100, hold: '5s' },
      steps: [{ weight: 50, hold: '10s' }],
      checks: [
        { metric: { name: 'auc', min: 0.5 } },
        { errorRate: { max: 0.01, minSamples: 20, window: '10s' } },
      ],
    },
  });
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(told));
  const get = async (): Promise<ModelDeployment> =>
    JSON.parse(
      await kubectl(['get', 'modeldeployment', NAME, '-n', NAMESPACE, '-o', 'json']),
    ) as ModelDeployment;
  const before = (await get()).status?.modelVersion ?? '';
  const start = performance.now();
  const load = await drifted(portfolio, requests);
  const seen = async (what: string, is: (found: ModelDeployment) => boolean): Promise<number> => {
    const seconds = await until(what, get, is, start);
    progress(`${what} after ${seconds.toFixed(1)} s`);
    return seconds;
  };
  try {
    const driftedAt = await seen('drift was found', (found) => condition(found, 'Drifted').status === 'True');
    const driftMessage = condition(await get(), 'Drifted').message;
    const retrained = await seen(
      'a model was trained',
      ({ status }) => status?.retraining?.lastResult === 'Succeeded',
    );
    const promoted = await seen('it was promoted', (found) => {
      const { status } = found;
      return status?.modelVersion !== before && condition(found, 'Ready').status === 'True';
    });
    const after = (await get()).status?.modelVersion ?? '';
    const report = await load.stop();
    return {
      drifted: driftedAt,
      retrained,
      promoted,
      driftMessage,
      versions: [before, after],
      sent: report.sent,
      failures: report.failures.map(({ error }) => error),
    };
  } finally {
    await load.stop();
  }
}

/** Every request is another customer’s, on a connection of its own. */
async function drifted(portfolio: Portfolio, requests: readonly string[]): Promise<Load> {
  return new Load({
    url: `${await portfolio.answering(NAME)}/predict`,
    body: (sent) => requests[sent % requests.length] ?? '',
    ratePerSecond: RATE,
    connections: 'fresh',
    clients: CLIENTS,
  });
}

function condition(
  { status }: ModelDeployment,
  type: 'Drifted' | 'Ready',
): { readonly status: string; readonly message: string } {
  return findCondition(status?.conditions, type) ?? { status: 'Unknown', message: '' };
}

async function until(
  what: string,
  get: () => Promise<ModelDeployment>,
  is: (found: ModelDeployment) => boolean,
  start: number,
): Promise<number> {
  for (;;) {
    const found = await get();
    const elapsed = performance.now() - start;
    if (is(found)) return elapsed / 1000;
    if (elapsed > LONGEST_MS)
      throw new Error(`not in ${LONGEST_MS / 1000} s: ${what}. ${JSON.stringify(found.status)}`);
    await sleep(POLL_MS);
  }
}
