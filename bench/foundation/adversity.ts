import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from '#test/bed/bed.ts';
import type { TestDeployment } from '#test/bed/model-deployment.ts';
import type { Namespace } from '#test/bed/namespace.ts';
import { FaultProxy, type Faults } from '#test/support/fault-proxy.ts';
import { Load, type LoadReport } from '#test/support/load.ts';
import type { Figure, Measurement } from '../figure.ts';
import { administrator } from './administrator.ts';
import { duplicatesOf, leftOversOf, type Defect } from './defects.ts';
import type { Ground } from './ground.ts';
import { HostOperator } from './host-operator.ts';
import { withoutInstalledOperator } from './installed-operator.ts';
import { BODY, putVersion } from './traffic.ts';

const KILLS = 100;
const CHANGES_UNDER_FAULTS = 10;

/** What an operator goes through: killed at any moment, an API server that is away, cuts its watches, or errs. */
export function adversity(ground: Ground): readonly Figure[] {
  return [
    figure(`the operator killed ${KILLS} times in rollouts and undos`, (stage) => killed(stage)),
    figure('the API server away for 60 s in a rollout', (stage) => away(stage, 60_000)),
    figure('watches cut every second', (stage) => faulty(stage, { cutWatchesEveryMs: 1000 })),
    figure('10 % of the answers 409, 429, 500 or 503', (stage) => faulty(stage, { errorRate: 0.1 })),
  ].flatMap(({ name, run }) => {
    let outcome: Promise<Outcome> | undefined;
    const once = (): Promise<Outcome> => (outcome ??= onStage(ground, run));
    return [
      {
        name: `failed requests: ${name}`,
        goal: { atMost: 0, unit: '' },
        measure: async () => {
          const { report, changes } = await once();
          return {
            value: report.failures.length,
            detail: { changes, sent: report.sent, ...report.latencyMs, first: report.failures.slice(0, 3) },
          };
        },
      },
      {
        name: `ends that differ, and objects too many: ${name}`,
        goal: { atMost: 0, unit: '' },
        measure: async (): Promise<Measurement> => {
          const { defects, changes } = await once();
          return { value: defects.length, detail: { changes, defects: defects.slice(0, 5) } };
        },
      },
    ];
  });
}

interface Stage {
  readonly deployment: TestDeployment;
  readonly operator: HostOperator;
  readonly proxy: FaultProxy;
}

/** How many changes were made, and what was found wrong after each. */
interface Journey {
  readonly changes: number;
  readonly defects: readonly Defect[];
}

interface Outcome extends Journey {
  readonly report: LoadReport;
}

type Run = (stage: Stage) => Promise<Journey>;

function figure(name: string, run: Run): { readonly name: string; readonly run: Run } {
  return { name, run };
}

function onStage(ground: Ground, run: Run): Promise<Outcome> {
  return ground.within('adversity', (namespace, bed) =>
    withoutInstalledOperator(bed, () => withHostOperator(namespace, bed, run)),
  );
}

async function withHostOperator(namespace: Namespace, bed: Bed, run: Run): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'windlass-adversity-'));
  const proxy = await FaultProxy.start(await administrator(bed));
  const kubeconfig = join(folder, 'kubeconfig');
  await proxy.writeKubeconfig(kubeconfig);
  const operator = new HostOperator({
    kubeconfig,
    runtimeImage: bed.connection.runtimeImage,
    log: process.env['FIGURES_OPERATOR_LOG'] ?? join(folder, 'operator.log'),
  });
  try {
    await operator.start();
    await operator.ready();
    const deployment = namespace.deployment('served');
    await deployment.apply({ model: { uri: await putVersion(namespace, 1) }, replicas: 2 });
    await deployment.ready();
    await deployment.answer(BODY);
    const load = new Load({
      url: await deployment.url('/predict'),
      body: JSON.stringify(BODY),
      ratePerSecond: 50,
      connections: 'keptAlive',
      clients: 4,
    });
    try {
      const journey = await run({ deployment, operator, proxy });
      return { ...journey, report: await load.stop() };
    } finally {
      await load.stop();
    }
  } finally {
    await operator.stop();
    await proxy.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The next change: two rollouts of something new, then an undo. Returns the version that must serve in the end.
 * The answers tell the version: the model of version n answers 3 n + 1.
 */
class Changes {
  readonly #deployment: TestDeployment;
  #turn = 0;
  #serving = 1;
  #before = 1;

  constructor(deployment: TestDeployment) {
    this.#deployment = deployment;
  }

  async next(): Promise<{ readonly version: number; readonly undo: boolean }> {
    this.#turn += 1;
    const undo = this.#turn % 3 === 0;
    if (undo) {
      await this.#deployment.undo({ reason: 'a figure' });
      [this.#serving, this.#before] = [this.#before, this.#serving];
    } else {
      const version = this.#turn + 1;
      await this.#deployment.apply({
        model: { uri: await putVersion(this.#deployment.namespace, version) },
        replicas: 2,
      });
      [this.#serving, this.#before] = [version, this.#serving];
    }
    return { version: this.#serving, undo };
  }
}

async function converged(
  deployment: TestDeployment,
  { version, undo }: { readonly version: number; readonly undo: boolean },
  change: number,
): Promise<readonly Defect[]> {
  try {
    await deployment.until(
      `at version ${version} for change ${change}`,
      ({ status }, condition) =>
        status?.modelVersion === String(version) &&
        status.candidateRevision === undefined &&
        (undo ? condition('Ready')?.reason === 'RolledBack' : condition('Ready')?.status === 'True'),
      120_000,
    );
  } catch (error) {
    return [{ change, what: error instanceof Error ? error.message : String(error) }];
  }
  const { body } = await deployment.answer(BODY);
  const { prediction } = body as { prediction: number };
  const wrong =
    prediction === version * 3 + 1 ? [] : [{ change, what: `predicts ${prediction} at version ${version}` }];
  return [...wrong, ...(await duplicatesOf(deployment, change))];
}

async function killed({ deployment, operator }: Stage): Promise<Journey> {
  const changes = new Changes(deployment);
  const defects: Defect[] = [];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const change = await changes.next();
    await sleep(Math.random() * 3000);
    await operator.kill();
    await operator.start();
    defects.push(...(await converged(deployment, change, kill)));
  }
  defects.push(...(await leftOversOf(deployment, KILLS)));
  return { changes: KILLS, defects };
}

async function away({ deployment, proxy }: Stage, ms: number): Promise<Journey> {
  const changes = new Changes(deployment);
  const defects: Defect[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const change = await changes.next();
    await sleep(Math.random() * 2000);
    await proxy.setFaults({ away: true });
    await sleep(ms);
    await proxy.setFaults({});
    defects.push(...(await converged(deployment, change, round)));
  }
  defects.push(...(await leftOversOf(deployment, 3)));
  return { changes: 3, defects };
}

async function faulty({ deployment, proxy }: Stage, faults: Faults): Promise<Journey> {
  await proxy.setFaults(faults);
  const changes = new Changes(deployment);
  const defects: Defect[] = [];
  for (let round = 1; round <= CHANGES_UNDER_FAULTS; round += 1) {
    defects.push(...(await converged(deployment, await changes.next(), round)));
  }
  defects.push(...(await leftOversOf(deployment, CHANGES_UNDER_FAULTS)));
  return { changes: CHANGES_UNDER_FAULTS, defects };
}
