import { randomUUID } from 'node:crypto';
import type { Traffic } from '#contract/traffic.ts';
import type { Model } from '#runtime/model/load.ts';
import { isStable } from '#runtime/traffic/decision.ts';

/** What a pod is at this moment; all endpoints read it. */
export class ServiceState {
  /** The ModelRevision that this pod runs; undefined outside a cluster. */
  readonly revision: string | undefined;
  readonly startedAt = performance.now();
  /** Another one for each process: its counts begin at zero. */
  readonly instance = randomUUID();
  model: Model | undefined;
  traffic: Traffic | undefined;
  draining = false;

  constructor(revision: string | undefined) {
    this.revision = revision;
  }

  /** May be sent requests. */
  get ready(): boolean {
    return this.model !== undefined && !this.draining;
  }

  get stable(): boolean {
    return isStable(this.revision, this.traffic);
  }

  /**
   * The traffic file names this very revision: it passed its golden answers once, and a pod of it that starts on another
   * CPU, whose last digit may differ, must not take the stable revision away.
   */
  get servesAlready(): boolean {
    return this.revision !== undefined && this.traffic?.stable.revision === this.revision;
  }

  /** The name in x-windlass-revision. */
  get revisionName(): string {
    return this.revision ?? 'local';
  }

  get uptimeSeconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }
}
