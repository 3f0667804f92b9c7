import { setTimeout as sleep } from 'node:timers/promises';
import { Turns } from '#operator/controller/index.ts';
import type { Inquiry } from './action.ts';

/** Asks the pod at this address which traffic generation it has applied; 0 for none. Throws where it cannot be reached. */
export type PodProbe = (ip: string, signal: AbortSignal) => Promise<number>;

export interface AcknowledgementOptions {
  readonly probe: PodProbe;
  /** Called once all pods of an inquiry have applied its generation. */
  readonly onComplete: (modelDeploymentUid: string) => void;
  /** Pods asked at the same time. */
  readonly concurrency?: number;
  readonly everyMs?: number;
  readonly forMs?: number;
}

interface Followed {
  readonly generation: number;
  readonly abort: AbortController;
  readonly reported: Map<string, number>;
  readonly asked: Set<string>;
  waiting: number;
}

/** A pod that cannot be reached may be starting, or behind a network policy: it is asked this often, less and less. */
const UNREACHABLE_TIMES = 6;

/** Asks pods in the background what they have applied, for a while after each switch. */
export class Acknowledgements {
  readonly #options: AcknowledgementOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #turns: Turns;

  constructor(options: AcknowledgementOptions) {
    this.#options = options;
    this.#turns = new Turns(options.concurrency ?? 32);
  }

  reported(modelDeploymentUid: string): ReadonlyMap<string, number> {
    return this.#followed.get(modelDeploymentUid)?.reported ?? new Map<string, number>();
  }

  /** Asks the pods that are not being asked yet; another generation ends the earlier inquiry. */
  follow(modelDeploymentUid: string, inquiry: Inquiry): void {
    const known = this.#followed.get(modelDeploymentUid);
    const followed =
      known?.generation === inquiry.generation ? known : this.#begin(modelDeploymentUid, inquiry);
    const news = inquiry.pods.filter(({ uid }) => !followed.asked.has(uid));
    followed.waiting += news.length;
    for (const pod of news) {
      followed.asked.add(pod.uid);
      void this.#follow(modelDeploymentUid, followed, pod);
    }
  }

  forget(modelDeploymentUid: string): void {
    this.#followed.get(modelDeploymentUid)?.abort.abort();
    this.#followed.delete(modelDeploymentUid);
  }

  #begin(modelDeploymentUid: string, { generation }: Inquiry): Followed {
    const before = this.#followed.get(modelDeploymentUid);
    before?.abort.abort();
    const followed: Followed = {
      generation,
      abort: new AbortController(),
      reported: new Map(before?.reported),
      asked: new Set(),
      waiting: 0,
    };
    this.#followed.set(modelDeploymentUid, followed);
    return followed;
  }

  async #follow(modelDeploymentUid: string, followed: Followed, pod: Inquiry['pods'][number]): Promise<void> {
    if (await this.#ask(followed, pod)) followed.waiting -= 1;
    if (followed.waiting === 0 && !followed.abort.signal.aborted)
      this.#options.onComplete(modelDeploymentUid);
  }

  /** Whether the pod has applied the generation in time. */
  async #ask(
    followed: Followed,
    { uid, ip }: { readonly uid: string; readonly ip: string },
  ): Promise<boolean> {
    const { everyMs = 250, forMs = 10_000, probe } = this.#options;
    const { signal } = followed.abort;
    const end = performance.now() + forMs;
    let unreachable = 0;
    while (!signal.aborted && performance.now() < end && unreachable < UNREACHABLE_TIMES) {
      try {
        const generation = await this.#turns.run(async () => probe(ip, signal));
        followed.reported.set(uid, generation);
        if (generation >= followed.generation) return true;
        unreachable = 0;
      } catch {
        unreachable += 1;
      }
      await sleep(everyMs * (1 + unreachable), undefined, { signal, ref: false }).catch(() => undefined);
    }
    return false;
  }
}
