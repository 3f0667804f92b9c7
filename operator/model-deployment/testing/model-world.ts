import { LABEL } from '#contract/names.ts';
import { specHash } from '#operator/api/hashes.ts';
import type { Kube, Pod } from '#operator/kube/index.ts';
import { MODEL_DEPLOYMENT } from '#operator/kube/index.ts';
import type { SourceState } from '#operator/source/index.ts';
import type { Plan } from '../action.ts';
import type { Observed } from '../observed.ts';
import { modelDeployment, NAME, pod, resolvedSource, spec } from './fixtures.ts';
import type { Quality } from './model.ts';
import { SimulatedTraffic } from './model-readings.ts';
import { heard, readScene, readyNow, type Ears, type Scene } from './model-scene.ts';
import { World } from './world.ts';

const SLICE_MS = 5_000;

/** A world with callers, readings and time, whose writes are heard. */
export class ModelWorld extends World {
  readonly traffic = new SimulatedTraffic();
  /** How far the operator's clock is ahead of the cluster's. */
  skewMs = 0;
  /** Time that has passed, whatever the clocks show. */
  elapsedMs = 0;
  readonly #kube: Kube;
  readonly #readings: (quality: Quality) => void;
  #incarnation = 1;
  /** Spec hash -> versions. */
  readonly #found = new Map<string, Set<string>>();

  constructor(ears: Ears, readings: (quality: Quality) => void) {
    super();
    this.#readings = readings;
    this.#kube = heard(this.cluster.kube, ears);
  }

  scene(): Scene | undefined {
    return readScene((type) => this.cluster.list(type));
  }

  override get operatorNow(): number {
    return this.now + this.skewMs;
  }

  override observe(): Observed {
    this.monitoring = this.traffic.monitoring;
    return super.observe();
  }

  override async carryOut(planned: Plan, limit = Number.POSITIVE_INFINITY): Promise<'done' | 'obstructed'> {
    const end = await this.carryOutWith({ actions: planned.actions.slice(0, limit) }, this.#kube);
    this.traffic.follow(planned.monitoring);
    return end;
  }

  /** Time passes with callers, a kubelet that gets pods ready, a store that answers, and an operator that looks. */
  async live(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= SLICE_MS) {
      const slice = Math.min(left, SLICE_MS);
      this.runPods({ ready: true });
      for (const each of this.pods) if (!readyNow(each) && !isFailing(each)) this.#getReady(each);
      this.pass(slice);
      const planned = await this.reconcile();
      if (planned.source !== undefined && this.observe().source.state === 'idle') {
        this.resolve();
        await this.reconcile();
      }
    }
  }

  /** Time passes, and callers ask. */
  pass(ms: number): void {
    this.now += ms;
    this.elapsedMs += ms;
    const scene = this.scene();
    if (scene === undefined) return;
    this.traffic.pass(ms, this.operatorNow, scene, this.pods);
    this.#readings(this.traffic.quality);
    if (this.traffic.quality === 'none') return;
    for (const { metadata } of this.pods) {
      if (scene.traffic !== undefined) this.acknowledged.set(metadata.uid ?? '', scene.traffic.generation);
    }
  }

  /** The store has what the spec's URI names. */
  resolve(): void {
    const content = /\/(\d)\/$/.exec(this.modelDeployment.spec.model.uri)?.[1] ?? '0';
    const inputs = content === '3' ? ['income'] : ['age', 'income'];
    const source = resolvedSource(`content-${content}`, inputs);
    this.setSource({ state: 'resolved', source, at: this.operatorNow });
  }

  /** Another operator takes over, and knows nothing. */
  restart(): void {
    this.obstacles.forget(this.modelDeployment.metadata.uid ?? '');
    this.acknowledged.clear();
    this.traffic.forget();
  }

  annotate(key: string, value: string | null): void {
    this.cluster.merge('ModelDeployment', NAME, { metadata: { annotations: { [key]: value } } });
  }

  setRollout(rollout: object): void {
    this.changeSpec({ rollout: null });
    this.changeSpec({ rollout: spec({ rollout }).rollout });
  }

  override setSource(state: SourceState): void {
    super.setSource(state);
    if (state.state !== 'resolved') return;
    const hash = specHash(this.modelDeployment.spec);
    const known = this.#found.get(hash) ?? new Set();
    this.#found.set(hash, known.add(state.source.model.version ?? ''));
  }

  /** What the store had behind the spec of now, at one time or another. */
  get contents(): ReadonlySet<string> {
    return this.#found.get(specHash(this.modelDeployment.spec)) ?? new Set();
  }

  /** Deleted with everything that it owns, and applied anew. */
  recreate(): void {
    const old = this.modelDeployment;
    this.#incarnation += 1;
    for (const kind of KINDS)
      for (const { metadata } of this.cluster.list({ kind })) this.cluster.remove(kind, metadata.name);
    const { kind } = MODEL_DEPLOYMENT;
    this.cluster.remove(kind, NAME);
    const { metadata } = modelDeployment();
    this.cluster.put({
      ...old,
      status: undefined,
      metadata: { ...metadata, uid: `md-${this.#incarnation}` },
    });
    this.restart();
  }

  /** Takes away what others put in the way. */
  mend(): void {
    const uid = this.modelDeployment.metadata.uid;
    for (const kind of KINDS)
      for (const { metadata } of this.cluster.list({ kind })) {
        const owned = metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
        if (!owned && kind !== 'Pod' && kind !== 'ModelRollback') this.cluster.remove(kind, metadata.name);
      }
    this.runPods();
    for (const each of this.pods) if (isFailing(each)) this.#getReady(each);
  }

  #getReady({ metadata }: Pod): void {
    const { name, uid = '', creationTimestamp = '', labels, annotations } = metadata;
    const createdAt = Date.parse(creationTimestamp);
    const state = { ready: true, createdAt, uid, ...(annotations === undefined ? {} : { annotations }) };
    this.cluster.put(pod(labels?.[LABEL.revision] ?? '', name, state));
  }
}

const KINDS = [
  'ModelRevision',
  'ModelRollback',
  'Deployment',
  'Service',
  'ConfigMap',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Job',
  'Pod',
];

/** Its containers show a failure that stays. */
function isFailing({ status }: Pod): boolean {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return (
    all.some(({ state, lastState }) => state?.terminated ?? state?.waiting ?? lastState?.terminated) ||
    status?.conditions?.some(({ type, status: value }) => type === 'PodScheduled' && value === 'False') ===
      true
  );
}
