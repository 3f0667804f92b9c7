import type { ComparedAnswer, Protocol } from './compare.ts';
import type { ForwardRequest } from './forward.ts';

/** A request that was answered here, for the candidate to answer too. */
export interface Copy {
  readonly request: ForwardRequest;
  readonly protocol: Protocol;
  readonly own: ComparedAnswer;
}

export interface ShadowLimits {
  /** Copies that wait. */
  readonly copies: number;
  /** Bytes of those that wait or are on their way: requests and own answers. */
  readonly bytes: number;
  /** Copies on their way at once. */
  readonly sends: number;
  /** A longer answer is not compared: parsing it would hold up everybody else. */
  readonly answerBytes: number;
}

const MOST_BYTES = 16 * 1024 * 1024;
const MEMORY_SHARE = 0.03;

/** `memory`: the pod's limit in bytes. */
export function shadowLimits(memory: number): ShadowLimits {
  const bytes = Math.min(MOST_BYTES, MEMORY_SHARE * memory);
  return { copies: 256, bytes, sends: 16, answerBytes: 256 * 1024 };
}

/** Copies on their way to the candidate. Nobody waits for one; what does not fit is dropped. */
export class ShadowQueue {
  readonly #limits: ShadowLimits;
  readonly #send: (copy: Copy) => Promise<void>;
  readonly #waiting: Copy[] = [];
  #bytes = 0;
  #sending = 0;
  #woken = false;

  constructor(limits: ShadowLimits, send: (copy: Copy) => Promise<void>) {
    this.#limits = limits;
    this.#send = send;
  }

  /** Whether a request of so many bytes would be taken now. */
  hasRoom(bytes: number): boolean {
    return this.#waiting.length < this.#limits.copies && this.#bytes + bytes <= this.#limits.bytes;
  }

  /** False: it is dropped. Sends in a later turn of the event loop, when the answers of this one are out. */
  offer(copy: Copy): boolean {
    const answer = answerBytes(copy.own);
    if (answer > this.#limits.answerBytes || !this.hasRoom(copy.request.body.length + answer)) return false;
    this.#bytes += copy.request.body.length + answer;
    this.#waiting.push(copy);
    this.#wake();
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    for (const copy of this.#waiting.splice(0)) this.#release(copy);
  }

  #wake(): void {
    if (this.#woken || this.#sending >= this.#limits.sends) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      const copy = this.#waiting.shift();
      if (copy === undefined) return;
      this.#sending++;
      void this.#send(copy).finally(() => {
        this.#sending--;
        this.#release(copy);
        this.#wake();
      });
      this.#wake();
    });
  }

  #release({ request, own }: Copy): void {
    this.#bytes -= request.body.length + answerBytes(own);
  }
}

function answerBytes({ body, tail = [] }: ComparedAnswer): number {
  return tail.reduce((sum, part) => sum + part.byteLength, Buffer.byteLength(body));
}
