const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export interface Memory {
  readonly request: string;
  readonly limit: string;
  /** The estimate, for the comment. */
  readonly estimate: string;
}

/** What the estimate of the graph asks for, in steps that people write; half as much again for requests and batches. */
export function memoryFor(estimatedBytes: number): Memory {
  const request = Math.max(256 * MIB, estimatedBytes);
  return {
    request: quantity(request),
    limit: quantity(Math.max(512 * MIB, request * 1.5)),
    estimate: `${Math.ceil(estimatedBytes / MIB)} MiB`,
  };
}

/** Rounded up: to 64Mi below 1Gi, to half a Gi above. */
function quantity(bytes: number): string {
  if (bytes <= GIB) {
    const mebibytes = Math.ceil(bytes / (64 * MIB)) * 64;
    return mebibytes === 1024 ? '1Gi' : `${mebibytes}Mi`;
  }
  const halves = Math.ceil(bytes / (GIB / 2));
  return halves % 2 === 0 ? `${halves / 2}Gi` : `${halves * 512}Mi`;
}
