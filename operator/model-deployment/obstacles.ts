import type { ChildKind, Obstacle } from './observed.ts';

/** A name that is taken, or a refusal, is looked at again after this time. */
export const OBSTACLE_RETRY_MS = 30_000;

/** What could not be written, by ModelDeployment UID; found by a write, so a restart finds it again. */
export class Obstacles {
  readonly #known = new Map<string, Map<string, Obstacle>>();
  readonly #generations = new Map<string, number>();

  of(modelDeploymentUid: string, generation: number, now: number): readonly Obstacle[] {
    const known = this.#known.get(modelDeploymentUid);
    if (this.#generations.get(modelDeploymentUid) !== generation) forgetRefused(known);
    this.#generations.set(modelDeploymentUid, generation);
    for (const [key, obstacle] of known ?? []) {
      const latest = now + OBSTACLE_RETRY_MS;
      // The clock was set back since: none is kept for longer than it was meant to be.
      if (obstacle.retryAt > latest) known?.set(key, { ...obstacle, retryAt: latest });
    }
    return [...(known?.values() ?? [])];
  }

  add(modelDeploymentUid: string, obstacle: Obstacle): void {
    const known = this.#known.get(modelDeploymentUid) ?? new Map<string, Obstacle>();
    known.set(keyOf(obstacle.kind, obstacle.name), obstacle);
    this.#known.set(modelDeploymentUid, known);
  }

  has(modelDeploymentUid: string, kind: ChildKind, name: string): boolean {
    return this.#known.get(modelDeploymentUid)?.has(keyOf(kind, name)) ?? false;
  }

  clear(modelDeploymentUid: string, kind: ChildKind, name: string): void {
    this.#known.get(modelDeploymentUid)?.delete(keyOf(kind, name));
  }

  forget(modelDeploymentUid: string): void {
    this.#known.delete(modelDeploymentUid);
    this.#generations.delete(modelDeploymentUid);
  }
}

/** What was refused was made from an earlier spec: the one that mends it is tried at once. */
function forgetRefused(known: Map<string, Obstacle> | undefined): void {
  for (const [key, { reason }] of known ?? []) {
    if (reason === 'Refused') known?.delete(key);
  }
}

function keyOf(kind: ChildKind, name: string): string {
  return `${kind}/${name}`;
}
