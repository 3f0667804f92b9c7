/** What a client does on one connection: bytes, how it ends, and what is known of them beforehand. */
export interface FuzzCase {
  /** Which model is asked (models.ts). */
  readonly model: string;
  /** Sent one after the other, each a packet of its own where `apart`. */
  readonly pieces: readonly Buffer[];
  readonly apart: boolean;
  /**
   * The requests in these bytes, each whole and well framed, so that each has one answer; undefined where the framing
   * itself is broken, and only what comes back can be judged.
   */
  readonly requests: readonly SentRequest[] | undefined;
  /** After the last byte the client waits, closes its side, or is gone. */
  readonly ending: 'wait' | 'close' | 'reset';
}

export interface SentRequest {
  readonly method: string;
  readonly path: string;
}

/** A case as a file keeps it. Bytes are Latin-1 text; long runs are written as a text and how often it comes. */
export interface StoredCase {
  readonly title: string;
  readonly model: string;
  readonly pieces: readonly StoredPiece[];
  readonly apart?: boolean;
  readonly requests?: readonly SentRequest[];
  readonly ending?: FuzzCase['ending'];
  /** The statuses of the answers, in order, where only these are right. */
  readonly statuses?: readonly number[];
}
export type StoredPiece =
  string | { readonly text: string; readonly times: number } | { readonly gzip: string };
