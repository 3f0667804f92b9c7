/** How far two answers are apart. */
export interface Difference {
  /** The greatest of their numbers: absolutely or relative to the greater one, whichever is less. Infinity: no two numbers. */
  readonly greatest: number;
  /** Something differs that has to be the same: a label, a class, a shape. */
  readonly changed: boolean;
}

/** `near`: numbers are the same within the tolerance; `exact`: only if they are equal. Texts are always exact. */
export type ValueRule = 'near' | 'exact';

export const SAME: Difference = { greatest: 0, changed: false };
/** Another label or class: as far as one probability can be from another. */
const CHANGED: Difference = { greatest: 1, changed: true };
/** Nothing that could be compared number by number. */
export const DIFFERENT: Difference = { greatest: Infinity, changed: true };

export function agrees({ greatest, changed }: Difference, tolerance: number): boolean {
  return !changed && greatest <= tolerance;
}

export function greater(a: Difference, b: Difference): Difference {
  if (b === SAME) return a;
  return { greatest: Math.max(a.greatest, b.greatest), changed: a.changed || b.changed };
}

/** Compares two values of JSON, or two elements of tensors. */
export function compareValues(own: unknown, other: unknown, rule: ValueRule): Difference {
  if (Object.is(own, other) || own === other) return SAME;
  if (typeof own === 'number' && typeof other === 'number') return compareNumbers(own, other, rule);
  if (typeof own !== typeof other || own === null || other === null) return DIFFERENT;
  if (typeof own !== 'object' || typeof other !== 'object') return CHANGED;
  const keys = Object.keys(own);
  const same = Array.isArray(own) === Array.isArray(other) && keys.length === Object.keys(other).length;
  if (!same) return DIFFERENT;
  let difference = SAME;
  for (const key of keys) {
    if (!Object.hasOwn(other, key)) return DIFFERENT;
    const [a, b]: unknown[] = [Reflect.get(own, key), Reflect.get(other, key)];
    difference = greater(difference, compareValues(a, b, rule));
  }
  return difference;
}

function compareNumbers(own: number, other: number, rule: ValueRule): Difference {
  if (rule === 'exact') return CHANGED;
  const apart = Math.abs(own - other) / Math.max(1, Math.abs(own), Math.abs(other));
  return Number.isNaN(apart) || !Number.isFinite(apart) ? DIFFERENT : { greatest: apart, changed: false };
}
