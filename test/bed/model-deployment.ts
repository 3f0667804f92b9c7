import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import type { modelDeploymentSpecSchema } from '#operator/api/model-deployment.ts';
import type { ModelDeployment, ModelRevision, ModelRollback } from '#operator/api/objects.ts';
import type { Condition } from '#operator/api/schema.ts';
import { API_VERSION, REVISION_HEADER } from '#contract/names.ts';
import type { Namespace } from './namespace.ts';

/** A spec as a person writes it: what has a default may be left out. */
export type SpecInput = z.input<typeof modelDeploymentSpecSchema>;

export interface Answer {
  readonly status: number;
  readonly revision: string | null;
  readonly body: unknown;
}

const ANSWER_WITHIN_MS = 15_000;

/** One ModelDeployment of a test: applied with kubectl, watched by its status, called by HTTP. */
export class TestDeployment {
  readonly name: string;
  readonly namespace: Namespace;

  constructor(namespace: Namespace, name: string) {
    this.namespace = namespace;
    this.name = name;
  }

  /**
   * Applies a spec; the namespace's Secret is named for the model, and pods ask for little of the one node, unless the
   * spec says otherwise.
   */
  async apply(spec: SpecInput): Promise<void> {
    await this.namespace.apply({
      apiVersion: API_VERSION,
      kind: 'ModelDeployment',
      metadata: { name: this.name, namespace: this.namespace.name },
      spec: {
        ...spec,
        model: { credentials: { secretName: 'models' }, ...spec.model },
        serving: { resources: { requests: { cpu: '10m', memory: '64Mi' } }, ...spec.serving },
      },
    });
  }

  get(): Promise<ModelDeployment> {
    return this.namespace.get<ModelDeployment>('modeldeployment', this.name);
  }

  async revisions(): Promise<readonly ModelRevision[]> {
    const all = await this.namespace.list<ModelRevision>('modelrevisions');
    return all.filter((revision) => revision.spec.modelDeployment === this.name);
  }

  async condition(type: string): Promise<Condition | undefined> {
    return (await this.get()).status?.conditions?.find((condition) => condition.type === type);
  }

  /** Waits until the status as a whole is as asked, and was written for the newest spec. */
  async until(
    what: string,
    accept: (deployment: ModelDeployment, condition: (type: string) => Condition | undefined) => boolean,
    timeoutMs = 90_000,
  ): Promise<ModelDeployment> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const deployment = await this.get();
      const current = deployment.status?.observedGeneration === deployment.metadata.generation;
      const condition = (type: string) => deployment.status?.conditions?.find((each) => each.type === type);
      if (current && accept(deployment, condition)) return deployment;
      if (performance.now() > end) {
        const status = JSON.stringify(deployment.status, undefined, 1);
        throw new Error(`${this.name} was not ${what} within ${timeoutMs / 1000} s; its status: ${status}`);
      }
      await sleep(100);
    }
  }

  ready(timeoutMs?: number): Promise<ModelDeployment> {
    return this.until('Ready', (_, condition) => condition('Ready')?.status === 'True', timeoutMs);
  }

  /** Waits until Ready is False for this reason, and returns the condition's message. */
  async notReady(reason: string, timeoutMs?: number): Promise<string> {
    const deployment = await this.until(
      `Ready=False/${reason}`,
      (_, condition) => condition('Ready')?.status === 'False' && condition('Ready')?.reason === reason,
      timeoutMs,
    );
    return deployment.status?.conditions?.find((condition) => condition.type === 'Ready')?.message ?? '';
  }

  /** The address of the stable Service that a process of this machine can reach. */
  async url(path: string): Promise<string> {
    const address = await this.namespace.serviceAddress(this.name);
    return `http://${address}${path}`;
  }

  async predict(body: unknown, path = '/predict'): Promise<Answer> {
    return this.predictAt(await this.url(path), body);
  }

  /**
   * The first answer by the stable revision of now: a promotion takes a moment to reach every packet and every pod that a
   * client is connected to. How long is a figure (bench/rollouts); here it only has to come true.
   */
  async answer(body: unknown): Promise<Answer> {
    const stable = (await this.get()).status?.stableRevision;
    const end = performance.now() + ANSWER_WITHIN_MS;
    for (;;) {
      const answer = await this.predict(body).catch((error: unknown) => error);
      const answered = answer instanceof Error ? undefined : (answer as Answer);
      if (answered?.revision === stable && answered !== undefined) return answered;
      if (performance.now() > end) {
        const got = answered === undefined ? String(answer) : JSON.stringify(answered);
        throw new Error(`${stable} did not answer within ${ANSWER_WITHIN_MS / 1000} s: ${got}`);
      }
      await sleep(50);
    }
  }

  async predictAt(url: string, body: unknown): Promise<Answer> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const revision = response.headers.get(REVISION_HEADER);
    return { status: response.status, revision, body: await response.json() };
  }

  /** Creates a ModelRollback, as `kubectl windlass undo` does, and returns its name. */
  async undo(
    spec: Partial<Omit<ModelRollback['spec'], 'modelDeployment'>> = {},
    name?: string,
  ): Promise<string> {
    const rollback = name ?? `${this.name}-undo-${Date.now().toString(36)}`;
    await this.namespace.apply({
      apiVersion: API_VERSION,
      kind: 'ModelRollback',
      metadata: { name: rollback, namespace: this.namespace.name },
      spec: { modelDeployment: this.name, ...spec },
    });
    return rollback;
  }
}
