import type { ChildKind, Obstacle } from './observed.ts';

/** What could not be written, by ModelDeployment UID; found by a write, so a restart finds it again. */
export class Obstacles {
  readonly #known = new Map<string, Map<string, Obstacle>>();

  of(modelDeploymentUid: string): readonly Obstacle[] {
    return [...(this.#known.get(modelDeploymentUid)?.values() ?? [])];
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
  }
}

function keyOf(kind: ChildKind, name: string): string {
  return `${kind}/${name}`;
}
