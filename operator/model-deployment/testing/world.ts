import { LABEL } from '#contract/names.ts';
import { findCondition } from '#operator/api/conditions.ts';
import { specHash } from '#operator/api/hashes.ts';
import type { ModelDeployment, ModelRevision } from '#operator/api/objects.ts';
import { DEPLOYMENT, MODEL_REVISION, POD } from '#operator/kube/index.ts';
import type { Deployment, Kube, Pod, Service } from '#operator/kube/index.ts';
import type { PodReport } from '#contract/pod-report.ts';
import { UNREAD, type DriftReading } from '#operator/drift/index.ts';
import { NOTHING_READ, type Monitoring, type MonitoringRequest } from '#operator/rollout/readings.ts';
import type { SourceState } from '#operator/source/index.ts';
import type { Plan } from '../action.ts';
import { timeMs } from '../annotations.ts';
import { execute } from '../execute.ts';
import { gather } from '../gather.ts';
import { ownerOf, revisionLabel } from '../identity.ts';
import { Obstacles } from '../obstacles.ts';
import type { Observed } from '../observed.ts';
import { plan } from '../plan.ts';
import { modelDeployment, NAME, NAMESPACE, pod, resolvedSource, type PodState } from './fixtures.ts';
import { MemoryCluster } from './memory-cluster.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const PLANS_FOR_ONE_RECONCILE = 12;

/** One ModelDeployment in memory, with a clock, its cluster and its source in the caller's hand. */
export class World {
  now = START;
  runtimeImage = 'runtime:1';
  readonly cluster = new MemoryCluster(() => this.now);
  readonly obstacles = new Obstacles();
  readonly acknowledged = new Map<string, number>();
  /** What pods and Prometheus said of the rollout. */
  monitoring: Monitoring = NOTHING_READ;
  /** What the stable revision's pods said of drift. */
  drift: DriftReading = UNREAD;
  #source: { readonly hash: string; readonly state: SourceState } | undefined;
  #pods = 0;
  #wanted: MonitoringRequest | undefined;
  #watched:
    { readonly key: string; readonly from: number; readonly answeredFrom: number | undefined } | undefined;
  readonly start = START;
  /** The revision that fails requests once it is stable. */
  failing: string | undefined;

  constructor(overrides: object = {}) {
    this.cluster.put(modelDeployment(overrides));
  }

  /** What the operator's own clock shows. */
  get operatorNow(): number {
    return this.now;
  }

  get modelDeployment(): ModelDeployment {
    return this.cluster.get('ModelDeployment', NAME) as ModelDeployment;
  }

  get revisions(): readonly ModelRevision[] {
    return this.cluster.list(MODEL_REVISION);
  }

  get deployments(): readonly Deployment[] {
    return this.cluster.list(DEPLOYMENT);
  }

  get pods(): readonly Pod[] {
    return this.cluster.list(POD);
  }

  /** What the stable Service selects. */
  get selected(): string | undefined {
    const service = this.cluster.get('Service', NAME) as Service | undefined;
    return service?.spec.selector?.[LABEL.revision];
  }

  /** What the operator reads from now on. */
  follow({ monitoring }: Pick<Plan, 'monitoring'>): void {
    this.#wanted = monitoring;
    if (monitoring === undefined) this.forgetReadings();
  }

  /** What an operator forgets when it ends. */
  forgetReadings(): void {
    this.#watched = undefined;
    this.monitoring = NOTHING_READ;
  }

  /** Pods that answered now, by UID. Watched without a gap for as long as one thing is asked for. */
  read(reports: ReadonlyMap<string, PodReport>): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    if (this.#watched?.key !== wanted.key)
      this.#watched = { key: wanted.key, from: this.now, answeredFrom: undefined };
    const news = wanted.pods.flatMap(({ uid, revision }) => {
      const report = reports.get(uid);
      return report === undefined ? [] : [{ uid, revision, at: this.now, report }];
    });
    const { from, answeredFrom = this.now } = this.#watched;
    this.#watched = { ...this.#watched, answeredFrom: news.length === 0 ? undefined : answeredFrom };
    this.monitoring = {
      ...this.monitoring,
      samples: [...this.monitoring.samples, ...news].filter(({ at }) => at > this.now - 600_000),
      watchedMs: this.now - answeredFrom,
      asked: true,
      followedMs: this.now - from,
    };
  }

  /** The source of the spec as it is now; another spec's source is idle. */
  setSource(state: SourceState): void {
    this.#source = { hash: specHash(this.modelDeployment.spec), state };
  }

  /** The source of the spec as it is now turns out to be this content. */
  found(content: string, inputs?: readonly string[]): void {
    this.setSource({ state: 'resolved', source: resolvedSource(content, inputs), at: this.now });
  }

  /** Asks for a content, which starts. */
  async offer(content: string): Promise<void> {
    this.changeSpec({ model: { uri: `s3://models/churn/${content}/` } });
    this.found(content);
    await this.reconcile();
  }

  /** Rolls a content out to the end, and gives its revision. */
  async serve(content: string): Promise<string> {
    await this.offer(content);
    this.now += 2_000;
    this.runPods({ ready: true });
    await this.reconcile();
    await this.routed();
    if (this.selected === undefined) throw new Error('nothing is stable');
    return this.selected;
  }

  /** Lets the nodes' routes to the first pods come about, where a status waits for that. */
  async routed(): Promise<void> {
    if (findCondition(this.modelDeployment.status?.conditions, 'Available')?.status === 'True') return;
    this.now += 4_000;
    await this.reconcile();
  }

  /** A candidate with this content that is killed for memory; gives its revision. */
  async exhaust(content: string): Promise<string> {
    await this.offer(content);
    this.runPods();
    const candidate = this.modelDeployment.status?.candidateRevision;
    if (candidate === undefined) throw new Error('nothing is on its way');
    this.setPods(candidate, { main: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } });
    await this.reconcile();
    return candidate;
  }

  changeSpec(patch: object): void {
    this.cluster.merge('ModelDeployment', NAME, { spec: patch });
  }

  observe(): Observed {
    const observed = gather(
      { namespace: NAMESPACE, name: NAME },
      {
        caches: this.cluster.caches,
        settings: { runtimeImage: this.runtimeImage, cudaRuntimeImage: `${this.runtimeImage}-cuda` },
        obstacles: this.obstacles,
        source: (_uid, hash) => (this.#source?.hash === hash ? this.#source.state : { state: 'idle' }),
        acknowledged: () => new Map(this.acknowledged),
        monitoring: () => this.monitoring,
        drift: () => this.drift,
        statusWrittenAt: () => undefined,
      },
      this.operatorNow,
    );
    if (observed === undefined) throw new Error('the ModelDeployment is gone');
    return observed;
  }

  plan(): Plan {
    return plan(this.observe());
  }

  /** Carries out a plan, or the first `limit` actions of it, as an operator that is killed does. */
  async carryOut({ actions }: Plan, limit = Number.POSITIVE_INFINITY): Promise<'done' | 'obstructed'> {
    return this.carryOutWith({ actions: actions.slice(0, limit) }, this.cluster.kube);
  }

  /** Carries a plan out through an API of the caller's own. */
  async carryOutWith({ actions }: Pick<Plan, 'actions'>, kube: Kube): Promise<'done' | 'obstructed'> {
    return execute(actions, {
      owner: ownerOf(this.modelDeployment),
      kube,
      caches: this.cluster.caches,
      obstacles: this.obstacles,
      clock: () => this.operatorNow,
      signal: new AbortController().signal,
    });
  }

  /** Plans and executes until nothing obstructs; gives the last plan that was carried out. */
  async reconcile(): Promise<Plan> {
    for (let i = 0; i < PLANS_FOR_ONE_RECONCILE; i += 1) {
      const planned = this.plan();
      if ((await this.carryOut(planned)) !== 'done') continue;
      this.follow(planned);
      return planned;
    }
    throw new Error('every plan is obstructed anew');
  }

  /** What the Deployment controller does: as many pods as asked for, and none without a Deployment. */
  runPods(state: PodState = {}): void {
    for (const existing of this.pods) {
      const revision = revisionLabel(existing.metadata) ?? '';
      const madeBy = this.deployments.find(({ metadata }) => metadata.name === revision);
      // Pods of an earlier Deployment of that name go with it.
      const earlier =
        timeMs(existing.metadata.creationTimestamp) < timeMs(madeBy?.metadata.creationTimestamp);
      if (madeBy === undefined || earlier) this.cluster.remove('Pod', existing.metadata.name);
    }
    for (const { metadata, spec } of this.deployments) {
      const pods = this.podsOf(metadata.name);
      for (const extra of pods.slice(spec.replicas ?? 1)) this.cluster.remove('Pod', extra.metadata.name);
      for (let i = pods.length; i < (spec.replicas ?? 1); i += 1) this.#addPod(metadata.name, state);
    }
  }

  podsOf(revision: string): readonly Pod[] {
    return this.pods.filter(({ metadata }) => revisionLabel(metadata) === revision);
  }

  /** All pods of a revision in this state. */
  setPods(revision: string, state: PodState): void {
    for (const { metadata } of this.podsOf(revision)) {
      const createdAt = Date.parse(metadata.creationTimestamp ?? '');
      const { annotations, uid } = metadata;
      const kept = {
        ...(annotations === undefined ? {} : { annotations }),
        ...(uid === undefined ? {} : { uid }),
      };
      this.cluster.put(pod(revision, metadata.name, { createdAt, ...kept, ...state }));
    }
  }

  #addPod(revision: string, state: PodState): void {
    this.#pods += 1;
    this.cluster.put(pod(revision, `${revision}-${this.#pods}`, { createdAt: this.now, ...state }));
  }
}
