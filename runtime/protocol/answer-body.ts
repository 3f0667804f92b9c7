/** Header of the binary tensor extension: how many bytes of JSON a body begins with, before any compression. */
export const JSON_LENGTH_HEADER = 'inference-header-content-length';

/** JSON with the bytes of tensors behind it. */
export interface BinaryAnswer {
  readonly json: string;
  readonly binary: readonly Uint8Array[];
}

/** A prediction's answer before HTTP. */
export type AnswerBody = string | BinaryAnswer;
