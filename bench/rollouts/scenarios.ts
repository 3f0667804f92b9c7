import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL } from '#contract/names.ts';
import type { Fault } from '#test/faulty/index.ts';
import type { Served } from './served.ts';

/** Something that happens to a model under load. */
export interface Scenario {
  readonly name: string;
  readonly replicas: number;
  /** Before the load begins. */
  readonly prepare?: (served: Served) => Promise<void>;
  readonly change: (served: Served) => Promise<void>;
  /** The candidate never answers: its callers wait for as long as the stable pods wait for it. */
  readonly hangs?: true;
}

const hold = '15s';
/** A canary goes on however slow this machine is: what it does to callers is what is measured. */
const checks = [{ errorRate: { max: 0.02 } }];
const FOUR_STEPS = [5, 25, 50, 75].map((weight) => ({ weight, hold }));
const EVICTIONS = 4;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a canary in 4 steps',
    replicas: 2,
    change: async (served) => {
      await served.apply({ version: 2, rollout: { steps: FOUR_STEPS, checks } });
      await served.promoted(2);
    },
  },
  {
    name: 'an automatic undo at 25 %',
    replicas: 2,
    change: async (served) => {
      const steps = [{ weight: 25, hold: '2m' }];
      await served.apply({ version: 2, fault: 'resetMidway', rollout: { steps } });
      await served.undone();
    },
  },
  {
    name: 'an undo by hand',
    replicas: 2,
    prepare: async (served) => {
      await served.apply({ version: 2 });
      await served.promoted(2);
    },
    change: async (served) => {
      await served.deployment.undo({ reason: 'a figure' });
      await served.until('back at version 1', ({ status }) => status?.modelVersion === '1');
      await sleep(5000);
    },
  },
  { name: 'evictions one after another', replicas: 2, change: evictOneAfterAnother },
  {
    name: 'a restart of the operator in a canary',
    replicas: 2,
    change: async (served) => {
      await served.apply({ version: 2, rollout: { steps: [{ weight: 25, hold: '30s' }], checks } });
      await served.atStep(1);
      const { operatorNamespace } = served.bed.connection;
      await served.bed.kubectl(['-n', operatorNamespace, 'rollout', 'restart', 'deployment/windlass']);
      await served.promoted(2);
    },
  },
  {
    name: 'a scale-down from 4 to 1',
    replicas: 4,
    change: async (served) => {
      await served.namespace.kubectl('scale', 'modeldeployment', 'served', '--replicas=1');
      await served.until('at one pod', ({ status }) => status?.replicas === 1);
      await sleep(10_000);
    },
  },
  faulty('answers 500', 'status500'),
  { ...faulty('hangs', 'hang'), hangs: true },
  faulty('resets connections', 'reset'),
  faulty('crashes every 2 s', 'crash'),
  faulty('is out of memory', 'outOfMemory'),
  faulty('is 100 times slower', 'slow'),
];

function faulty(name: string, fault: Fault): Scenario {
  return {
    name: `a candidate at 5 % that ${name}`,
    replicas: 2,
    change: async (served) => {
      await served.apply({ version: 2, fault, rollout: { steps: [{ weight: 5, hold: '2m' }] } });
      await served.undone();
    },
  };
}

/** As a drain does: each eviction is asked for again until the disruption budget allows it. */
async function evictOneAfterAnother({ namespace, bed }: Served): Promise<void> {
  for (let evicted = 0; evicted < EVICTIONS; evicted += 1) {
    const pods = await namespace.kubectl(
      'get',
      'pods',
      '-l',
      `${LABEL.modelDeployment}=served`,
      '--field-selector=status.phase=Running',
      '--sort-by=.metadata.creationTimestamp',
      '-o',
      'name',
    );
    const name = pods.split('\n')[0]?.replace('pod/', '') ?? '';
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: namespace.name },
    };
    const path = `/api/v1/namespaces/${namespace.name}/pods/${name}/eviction`;
    const end = performance.now() + 120_000;
    for (;;) {
      const refused = await bed.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction)).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (refused === undefined) break;
      if (performance.now() > end) throw new Error(`${name} was not evicted within 120 s: ${refused}`);
      await sleep(1000);
    }
    await sleep(2000);
  }
}
