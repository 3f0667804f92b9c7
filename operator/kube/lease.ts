import type { Log } from '#operator/logging.ts';
import { sleep } from './backoff.ts';
import type { Lease } from './core-types.ts';
import { isKubeError, KubeError } from './errors.ts';
import { microTime } from './micro-time.ts';
import { LEASE } from './types.ts';
import type { CallOptions, Kube, Ref } from './types.ts';

export interface LeaderElectorOptions {
  /** Must not be fenced by this very elector, and best has a connection of its own. */
  readonly kube: Kube;
  readonly lease: Ref;
  /** Unique among all that run now; a holder that finds its own name in the Lease takes it over at once. */
  readonly identity: string;
  readonly log: Log;
  readonly onLeading?: (leading: boolean) => void;
  /** How long others wait after the last renewal that they saw. */
  readonly leaseDurationMs?: number;
  /** How long after a renewal this process acts; below the lease's duration by more than a call can take. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}

/** The reason of the signal that work gets to see. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

/** The Lease as it was last seen, and since when (monotonic) it has not changed. */
interface Sighting {
  readonly lease: Lease;
  readonly since: number;
}

/**
 * One of several replicas acts: whoever holds the Lease. Others wait a whole lease duration, by their own monotonic
 * clock, since they last saw it change; the holder stops `renewDeadlineMs` after it *sent* its last good renewal, by its
 * own. So however far wall clocks differ, one has stopped before another starts.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  #sighting: Sighting | undefined;
  /** Acts before this moment of the monotonic clock; 0 while another leads. */
  #validUntil = 0;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2000;
    if (this.#renewDeadlineMs >= this.#leaseDurationMs || this.#retryMs * 2 > this.#renewDeadlineMs) {
      throw new Error(
        `leader election: the renew deadline (${String(this.#renewDeadlineMs)} ms) must be below the lease duration (${String(this.#leaseDurationMs)} ms) and at least twice the retry period (${String(this.#retryMs)} ms)`,
      );
    }
  }

  /** Throws unless this process leads at this very moment: the last look before a write, also after a suspended process woke. */
  fence = (): void => {
    if (performance.now() < this.#validUntil) return;
    throw new KubeError(
      'terminal',
      `this replica (${this.#options.identity}) does not lead; nothing was written`,
    );
  };

  /**
   * Waits for the Lease, runs `work` while holding it, and gives it back when `work` has ended. Returns when the signal
   * aborts or leadership was lost, always after `work` has settled. `work`'s signal aborts in both cases.
   */
  async lead(signal: AbortSignal, work: (leading: AbortSignal) => Promise<void>): Promise<void> {
    await this.#acquire(signal);
    if (signal.aborted) return;
    const leading = new AbortController();
    const stop = (): void => leading.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    this.#options.onLeading?.(true);
    this.#options.log.info({ lease: this.#options.lease, identity: this.#options.identity }, 'leading');
    const ended = new AbortController();
    const renewing = this.#keepRenewing(leading, ended.signal);
    try {
      await work(leading.signal);
    } finally {
      ended.abort();
      await renewing;
      signal.removeEventListener('abort', stop);
      this.#options.onLeading?.(false);
      await this.#release();
    }
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    let failing = false;
    while (!signal.aborted) {
      try {
        if (await this.#tryAcquire(signal)) return;
        failing = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!failing)
          this.#options.log.warn({ lease: this.#options.lease, error }, 'cannot read or take the Lease');
        failing = true;
      }
      await sleep(this.#retryMs * (0.5 + Math.random() / 2), signal);
    }
  }

  async #tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { kube, lease: ref, identity } = this.#options;
    const options = { signal, timeoutMs: this.#renewDeadlineMs / 2 };
    const found = await kube.get(LEASE, ref, options).catch((error: unknown) => {
      if (isKubeError(error, 'notFound')) return undefined;
      throw error;
    });
    const sentAt = performance.now();
    if (found === undefined) {
      const spec = this.#holding(0);
      const created = { apiVersion: LEASE.apiVersion, kind: LEASE.kind, metadata: ref, spec } as Lease;
      return this.#took(sentAt, kube.create(LEASE, created, options));
    }
    const sighting = this.#look(found);
    const holder = found.spec?.holderIdentity ?? '';
    const durationMs = (found.spec?.leaseDurationSeconds ?? 0) * 1000;
    const expired = performance.now() - sighting.since > durationMs;
    if (holder !== '' && holder !== identity && !expired) return false;
    const transitions = (found.spec?.leaseTransitions ?? 0) + (holder === identity ? 0 : 1);
    return this.#took(sentAt, this.#patch(found, this.#holding(transitions), options));
  }

  /** Whether the write that takes or keeps the Lease came through; another's write in between is no error. */
  async #took(sentAt: number, write: Promise<Lease>): Promise<boolean> {
    try {
      this.#look(await write);
      this.#validUntil = sentAt + this.#renewDeadlineMs;
      return true;
    } catch (error) {
      if (isKubeError(error, 'conflict') || isKubeError(error, 'alreadyExists')) return false;
      throw error;
    }
  }

  /** Notes the Lease as seen now; it counts as unchanged since it was first seen at this version. */
  #look(lease: Lease): Sighting {
    const same = this.#sighting?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    if (!same || this.#sighting === undefined) this.#sighting = { lease, since: performance.now() };
    return this.#sighting;
  }

  async #keepRenewing(leading: AbortController, ended: AbortSignal): Promise<void> {
    let deadline = this.#stopAtDeadline(leading);
    let failed = false;
    while (!ended.aborted && this.#validUntil > 0) {
      await sleep(failed ? this.#retryMs / 4 : this.#retryMs, ended);
      if (ended.aborted) break;
      const renewed = await this.#renew().catch((error: unknown) => {
        this.#options.log.warn({ error }, 'cannot renew the Lease');
        return undefined;
      });
      failed = renewed === undefined;
      if (renewed === false) this.#lose(leading, 'another replica holds the Lease');
      if (renewed === true) {
        clearTimeout(deadline);
        deadline = this.#stopAtDeadline(leading);
      }
    }
    clearTimeout(deadline);
  }

  #stopAtDeadline(leading: AbortController): NodeJS.Timeout {
    return setTimeout(
      () => this.#lose(leading, `the Lease was not renewed for ${String(this.#renewDeadlineMs)} ms`),
      this.#validUntil - performance.now(),
    );
  }

  #lose(leading: AbortController, why: string): void {
    if (this.#validUntil === 0) return;
    this.#validUntil = 0;
    this.#options.log.error({ lease: this.#options.lease }, `leadership lost: ${why}`);
    leading.abort(new LeadershipLostError(`leadership lost: ${why}`));
  }

  /** True: renewed. False: another holds it. Throws where the API server did not say. */
  async #renew(): Promise<boolean> {
    const { kube, lease: ref, identity } = this.#options;
    // Never cut short: a renewal of which nobody knows whether it came through would spoil giving the Lease back.
    const options = { signal: new AbortController().signal, timeoutMs: this.#renewDeadlineMs / 2 };
    const known = this.#sighting?.lease ?? (await kube.get(LEASE, ref, options));
    if (await this.#renewFrom(known, options)) return true;
    // Somebody else wrote it, or a write of ours came through of which nobody told us.
    const found = await kube.get(LEASE, ref, options);
    this.#look(found);
    if (found.spec?.holderIdentity !== identity) return false;
    if (await this.#renewFrom(found, options)) return true;
    throw new KubeError('conflict', `leases ${ref.namespace}/${ref.name}: changed while it was renewed`);
  }

  async #renewFrom(lease: Lease, options: CallOptions): Promise<boolean> {
    return this.#took(performance.now(), this.#patch(lease, { renewTime: microTime(Date.now()) }, options));
  }

  async #release(): Promise<void> {
    const held = this.#sighting?.lease;
    if (this.#validUntil === 0 || held === undefined) return;
    this.#validUntil = 0;
    try {
      const options = { signal: AbortSignal.timeout(2000) };
      await this.#patch(held, { holderIdentity: '', leaseDurationSeconds: 1 }, options);
      this.#options.log.info({ lease: this.#options.lease }, 'gave the Lease back');
    } catch (error) {
      this.#options.log.warn({ error }, 'could not give the Lease back; it expires');
    }
  }

  #holding(leaseTransitions: number): NonNullable<Lease['spec']> {
    const now = microTime(Date.now());
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions,
    };
  }

  async #patch(
    lease: Lease,
    spec: Partial<NonNullable<Lease['spec']>>,
    options: CallOptions,
  ): Promise<Lease> {
    const { uid, resourceVersion } = lease.metadata;
    return this.#options.kube.patch(
      LEASE,
      this.#options.lease,
      { metadata: { uid, resourceVersion }, spec },
      options,
    );
  }
}
