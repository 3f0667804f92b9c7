import type { ConfigMap, Deployment } from '#operator/kube/index.ts';
import { MODEL_ROLLBACK } from '#operator/kube/index.ts';
import type { Traffic } from '#contract/traffic.ts';
import { findCondition } from '#operator/api/conditions.ts';
import type { RolloutStatus } from '#operator/api/rollout-status.ts';
import type { ModelRollback } from '#operator/api/objects.ts';
import type { Condition } from '#operator/api/schema.ts';
import { readTraffic } from '../traffic-file.ts';
import { NAME } from './fixtures.ts';
import { underLoad } from './readings.ts';
import { World } from './world.ts';

export const MINUTE = 60_000;
export const STEPS = [
  { weight: 5, hold: '2m' },
  { weight: 50, hold: '2m' },
] as const;

/** A world with one rollout, as tests look at it. */
export class RolloutScene extends World {
  get ready(): Condition | undefined {
    return findCondition(this.modelDeployment.status?.conditions, 'Ready');
  }

  get traffic(): Traffic | undefined {
    return readTraffic(this.cluster.get('ConfigMap', `${NAME}-traffic`) as ConfigMap | undefined);
  }

  get rollout(): RolloutStatus | undefined {
    return this.modelDeployment.status?.rollout;
  }

  get automaticUndo(): ModelRollback | undefined {
    return this.cluster.list(MODEL_ROLLBACK).find(({ metadata }) => metadata.name.includes('-auto-'));
  }

  size(revision: string): Deployment['spec']['replicas'] {
    return this.deployments.find(({ metadata }) => metadata.name === revision)?.spec.replicas;
  }

  stateOf(revision: string): string | undefined {
    return this.revisions.find(({ metadata }) => metadata.name === revision)?.status?.state;
  }

  annotate(annotations: Readonly<Record<string, string | null>>): void {
    this.cluster.merge('ModelDeployment', NAME, { metadata: { annotations } });
  }

  /** Version 1 serves; version 2 is at its first stage. Gives both revisions. */
  async atFirstStep(): Promise<readonly [stable: string, candidate: string]> {
    const stable = await this.serve('1');
    this.now += MINUTE;
    await this.offer('2');
    await this.grow();
    return [stable, this.modelDeployment.status?.candidateRevision ?? ''];
  }

  /** The pods that are asked for come and are ready. */
  async grow(): Promise<void> {
    this.now += 2_000;
    this.runPods({ ready: true });
    await this.reconcile();
  }

  /** All goes well for so long. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10_000) {
      await underLoad(this, 10_000);
      this.runPods({ ready: true });
      await this.reconcile();
    }
  }
}
