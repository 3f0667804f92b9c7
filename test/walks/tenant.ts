import { specHash } from '#operator/api/hashes.ts';
import type { ModelDeployment } from '#operator/api/objects.ts';
import type { Pod } from '#operator/kube/index.ts';
import {
  Model,
  SimulatedTraffic,
  type Note,
  type Scene,
  type Write,
} from '#operator/model-deployment/testing/index.ts';

/** One walk's namespace: what it may see, what its callers do, and what the operator did wrong there. */
export class Tenant {
  readonly namespace: string;
  readonly traffic = new SimulatedTraffic();
  /** No store answers. */
  outage = false;
  /** Spec hash -> versions that the store gave for it. */
  readonly #found = new Map<string, Set<string>>();
  readonly #model = new Model();
  readonly #scene: () => Scene | undefined;
  problem: string | undefined;

  constructor(namespace: string, scene: () => Scene | undefined) {
    this.namespace = namespace;
    this.#scene = scene;
  }

  get scene(): Scene | undefined {
    return this.#scene();
  }

  note(note: Note): void {
    this.#model.note(note);
  }

  /** Holds a write against the promises, by what the operator could see; the first broken one is kept. */
  judge(write: Write, scene: Scene | undefined): void {
    if (scene === undefined) return;
    const broken = this.#model.broken(write, scene, performance.now());
    if (broken !== undefined) this.problem ??= broken;
  }

  /** Callers ask for so long. */
  pass(ms: number, pods: readonly Pod[]): void {
    const scene = this.#scene();
    if (scene === undefined) return;
    this.traffic.pass(ms, Date.now(), scene, pods);
    this.note({ kind: 'reading', quality: this.traffic.quality });
  }

  found(hash: string, version: string): void {
    const known = this.#found.get(hash) ?? new Set();
    this.#found.set(hash, known.add(version));
  }

  mayServe({ spec }: ModelDeployment, version: string): boolean {
    return this.#found.get(specHash(spec))?.has(version) === true;
  }
}
