import type { ResizeFilter } from '#contract/image-input.ts';

/** Which source pixels make each output pixel, with weights in fixed point: along one axis. */
export interface Taps {
  /** First source pixel and number of source pixels, per output pixel. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** `stride` per output pixel. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Output pixels [first, first + count) of an axis that has `to` of them, made from `from`. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly count: number;
}

/** Fixed point as Pillow has it (Resample.c, PRECISION_BITS): 8 bits for the value, 2 for what filters overshoot. */
export const PRECISION = 32 - 8 - 2;

interface Kernel {
  readonly support: number;
  weigh(x: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Pillow's filters: Resample.c. */
const KERNELS: Readonly<Record<ResizeFilter, Kernel>> = {
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weigh: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** The same taps as Pillow's precompute_coeffs and normalize_coeffs_8bpc, for the same bytes in the end. */
export function tapsOf(filter: ResizeFilter, { from, to, first, count }: Axis): Taps {
  const kernel = KERNELS[filter];
  const scale = from / to;
  const spread = Math.max(scale, 1);
  const support = kernel.support * spread;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < count; i++) {
    const center = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const length = Math.min(from, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < length; tap++) {
      const weight = kernel.weigh((tap + start - center + 0.5) / spread);
      exact[tap] = weight;
      sum += weight;
    }
    starts[i] = start;
    counts[i] = length;
    for (let tap = 0; tap < length; tap++) {
      weights[i * stride + tap] = fixed((exact[tap] ?? 0) / (sum === 0 ? 1 : sum));
    }
  }
  return { starts, counts, weights, stride };
}

function fixed(weight: number): number {
  const scaled = weight * 2 ** PRECISION;
  return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}
