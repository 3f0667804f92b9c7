import type { Weights } from './facts.ts';

/**
 * Bytes in memory for each byte of the file while ONNX Runtime 1.30 loads it, by what it is; the peak, not what stays.
 * Measured (docs/decisions/0011-memory-estimate.md), and rounded so that a model that fits is not refused: what the
 * estimate lets through wrongly, the trial load of `runtime pull` finds.
 */
const FACTOR: Readonly<Record<keyof Weights, number>> = {
  inline: 2,
  external: 1,
  trees: 13,
  text: 16,
  other: 2,
  built: 1,
};

/** Node, the server and ONNX Runtime with an empty model. */
const RUNTIME_BYTES = 96 * 1024 * 1024;

/** What a serving pod of this model needs at its peak, in bytes. */
export function estimateMemory(weights: Weights): number {
  return Object.entries(FACTOR).reduce(
    (sum, [kind, factor]) => sum + factor * weights[kind as keyof Weights],
    RUNTIME_BYTES,
  );
}

/** The greatest part of an estimate in words, for the message that refuses it. */
export function heaviestPart(weights: Weights): string {
  const parts: readonly (readonly [keyof Weights, string])[] = [
    ['trees', 'of tree ensembles, which take about 13 times their bytes once loaded'],
    ['inline', 'of weights in the file, held twice while it loads'],
    ['external', 'of weights in external data'],
    ['built', 'of tensors that constant operators build'],
    ['text', 'of text'],
    ['other', 'of other attributes'],
  ];
  const [kind, words] = parts.toSorted(([a], [b]) => weights[b] * FACTOR[b] - weights[a] * FACTOR[a])[0] ?? [
    'other',
    '',
  ];
  return `${formatBytes(weights[kind])} ${words}`;
}

/** As Kubernetes writes quantities: 374Mi, 1.5Gi. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'Ki', 'Mi', 'Gi', 'Ti'];
  const power = Math.min(Math.floor(Math.log2(Math.max(1, bytes)) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)}${units[power] ?? ''}`;
}
