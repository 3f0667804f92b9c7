import { ANNOTATION } from '#contract/names.ts';
import { KubeError } from '#operator/kube/index.ts';
import { rollback } from './fixtures.ts';
import { problemAtTheEnd } from './model-end.ts';
import { Model, type Note } from './model.ts';
import type { Ears, Write } from './model-scene.ts';
import { SETTINGS, type RolloutStep } from './model-steps.ts';
import { ModelWorld } from './model-world.ts';
import { take } from './walk.ts';

/** A promise that was broken. */
class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/** The first promise that the operator breaks along a walk, with the step; undefined where it keeps them all. */
export async function brokenBy(walk: readonly RolloutStep[]): Promise<string | undefined> {
  const walker = new ModelWalk();
  let at = 'at the start';
  try {
    for (const [index, step] of walk.entries()) {
      at = `in step ${index}, ${JSON.stringify(step)}`;
      await walker.step(step);
    }
    at = 'at the end';
    return await walker.end();
  } catch (error) {
    if (error instanceof BrokenPromise) return `${at}: ${error.message}`;
    throw new Error(`${at}: ${String(error)}`, { cause: error });
  }
}

/** A world whose every write is held against the model. */
class ModelWalk {
  readonly #world: ModelWorld;
  readonly #model = new Model();
  /** The write of that turn fails. */
  #failing: { turn: number; readonly done: boolean } | undefined;

  constructor() {
    const ears: Ears = {
      before: (write) => {
        this.#judge(write);
        if (this.#failing?.done === false) this.#failOnce(write);
      },
      after: (write) => {
        if (this.#failing?.done === true) this.#failOnce(write);
      },
    };
    this.#world = new ModelWorld(ears, (quality) => this.#note({ kind: 'reading', quality }));
  }

  /** Does one step; throws a BrokenPromise where the operator answers it wrongly. */
  async step(step: RolloutStep): Promise<void> {
    const world = this.#world;
    const { now, elapsedMs } = world;
    try {
      await this.#take(step);
    } catch (error) {
      // A write failed: the operator tries again with the next reconcile.
      if (!(error instanceof KubeError)) throw error;
    }
    // Steps of other kinds move the clock themselves.
    if (world.elapsedMs === elapsedMs) world.elapsedMs += world.now - now;
  }

  /** Faults stop, readings are good and somebody promotes what waits: whatever is wanted serves, or a cause is named. */
  async end(): Promise<string | undefined> {
    this.#note({ kind: 'tampered' });
    return problemAtTheEnd(this.#world);
  }

  async #take(step: RolloutStep): Promise<void> {
    const world = this.#world;
    const { cluster } = world;
    switch (step.do) {
      case 'settings':
        this.#note({ kind: 'settings' });
        return world.setRollout(SETTINGS[step.which] ?? {});
      case 'promote':
        return world.annotate(ANNOTATION.promote, this.#promotion(step.to));
      case 'pause':
        if (step.how === 'spec') return this.#setPaused(true);
        return world.annotate(ANNOTATION.paused, step.how === 'wrong' ? '999' : String(this.#number()));
      case 'resume':
        world.annotate(ANNOTATION.paused, null);
        return this.#setPaused(false);
      case 'abort':
        return this.#abort();
      case 'deleteRollbacks':
        for (const { metadata } of cluster.list({ kind: 'ModelRollback' }))
          cluster.remove('ModelRollback', metadata.name);
        return;
      case 'quality':
        world.traffic.quality = step.of;
        return;
      case 'live':
        return world.live(step.seconds * 1000);
      case 'restart':
        return world.restart();
      case 'jump':
        world.skewMs += step.ms;
        return;
      case 'failWrite':
        this.#failing = { ...step };
        await world.reconcile().finally(() => (this.#failing = undefined));
        return;
      case 'evict':
        return this.#evict(step.pick);
      case 'recreate':
        this.#note({ kind: 'tampered' });
        return world.recreate();
      default:
        this.#noteDamage(step);
        await take(world, step);
        // The garbage collector takes a Deployment's pods, and no later one of that name has them.
        if (step.do === 'remove' && step.kind === 'Deployment') world.runPods();
        return;
    }
  }

  #note(note: Note): void {
    this.#model.note(note);
  }

  #judge(write: Write): void {
    const scene = this.#world.scene();
    const problem = scene === undefined ? undefined : this.#model.broken(write, scene, this.#world.elapsedMs);
    if (problem !== undefined) throw new BrokenPromise(problem);
  }

  #failOnce({ kind, name }: Write): void {
    if (this.#failing === undefined || this.#failing.turn-- > 0) return;
    this.#failing = undefined;
    throw new KubeError('transient', `${kind} ${name}: the connection was reset`);
  }

  /** The number of the revision on its way, or of the highest one. */
  #number(): number {
    const { traffic } = this.#world.scene() ?? {};
    const numbers = this.#world.revisions.map(({ status }) => status?.revision ?? 0);
    return traffic?.candidate?.number ?? Math.max(1, ...numbers);
  }

  #promotion(to: 'step' | 'full' | 'wrong' | 'nonsense'): string {
    const number = this.#number();
    const { step = 0 } = this.#world.modelDeployment.status?.rollout ?? {};
    return {
      step: `${number}/${step}`,
      full: `${number}/full`,
      wrong: `${number + 7}/full`,
      nonsense: 'yes, please',
    }[to];
  }

  #setPaused(paused: boolean): void {
    this.#world.setRollout({ ...this.#world.modelDeployment.spec.rollout, paused });
  }

  #abort(): void {
    const { selected, cluster } = this.#world;
    if (selected === undefined) return;
    const name = `abort-${cluster.list({ kind: 'ModelRollback' }).length}`;
    cluster.put(rollback(name, { toRevision: selected }));
  }

  #evict(pick: number): void {
    const { pods, cluster } = this.#world;
    const victim = pods[pick % Math.max(1, pods.length)];
    if (victim !== undefined) cluster.remove('Pod', victim.metadata.name);
    this.#world.runPods({ ready: false });
  }

  #noteDamage(step: RolloutStep): void {
    const { revisions } = this.#world;
    const tampered =
      step.do === 'foreign' ||
      step.do === 'lose' ||
      step.do === 'damage' ||
      (step.do === 'remove' && ['Deployment', 'Service', 'ConfigMap'].includes(step.kind));
    if (tampered) this.#note({ kind: 'tampered' });
    if (step.do !== 'remove' || step.kind !== 'ModelRevision') return;
    for (const { metadata } of revisions) this.#note({ kind: 'revisionDeleted', revision: metadata.name });
  }
}
