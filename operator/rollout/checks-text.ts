/** Numbers as a person reads them, in at most three significant digits. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return String(value);
  return String(Number(value.toPrecision(size >= 100 && size < 1e6 ? Math.floor(Math.log10(size)) + 2 : 3)));
}

/** 0.004 -> 0.4 % */
export function percentText(share: number): string {
  return `${numberText(share * 100)} %`;
}

/** 0.012 -> 12 ms */
export function secondsText(seconds: number): string {
  return seconds < 1 ? `${numberText(seconds * 1000)} ms` : `${numberText(seconds)} s`;
}

/** `at least 1 and at most 2` */
export function boundsText(
  { min, max }: { readonly min?: number | undefined; readonly max?: number | undefined },
  text: (value: number) => string = numberText,
): string {
  const parts = [
    ...(min === undefined ? [] : [`at least ${text(min)}`]),
    ...(max === undefined ? [] : [`at most ${text(max)}`]),
  ];
  return parts.join(' and ');
}

/** "at most 1 %" is allowed, "at least 98 %" is not: it is what is asked for. */
export function demand(limit: string): string {
  return `${limit} is ${limit.startsWith('at least') ? 'required' : 'allowed'}`;
}

/** Text that has room in a status; what is cut off ends with an ellipsis. */
export function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
