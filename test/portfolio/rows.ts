import type { Manifest, ModelInput, Reference } from '#contract/model-manifest.ts';

type Input = Readonly<Record<string, string | number | boolean | null>>;
type Bins = Reference['features'][string];

/** What stands in a CSV file for a number that is not there: training reads the same. */
const NO_NUMBER = new Set(['', 'na', 'n/a', '#n/a', '<na>', 'nan', '-nan', 'null', 'none']);

/** A request's fields from a row of the training data: what the model takes, as its types, without what is missing. */
export function requestRow(row: Readonly<Record<string, string>>, { inputs }: Manifest): Input {
  return Object.fromEntries(
    inputs.flatMap((input) => {
      const value = valueOf((row[input.name] ?? '').trim(), input);
      return value === undefined ? [] : [[input.name, value] as const];
    }),
  );
}

function valueOf(cell: string, { type }: ModelInput): string | number | undefined {
  if (type === 'string') return cell === '' ? undefined : cell;
  return NO_NUMBER.has(cell.toLowerCase()) ? undefined : Number(cell);
}

/** Whether a request has all that the model requires, and nothing that it refuses. */
export function isWhole(input: Input, { inputs }: Manifest): boolean {
  return inputs.every(({ name, required, values, range }) => {
    const value = input[name] ?? undefined;
    if (value === undefined) return !required;
    if (values !== undefined) return values.some((allowed) => allowed === value);
    const number = Number(value);
    return range === undefined || (number >= (range.min ?? -Infinity) && number <= (range.max ?? Infinity));
  });
}

/** Whether training kept such rows: it leaves out cars without a mileage, say, and then no row of the reference lacks one. */
export function isKept(input: Input, { features }: Reference): boolean {
  return Object.entries(features).every(([name, bins]) => isKnown(input[name] ?? undefined, bins));
}

function isKnown(value: unknown, bins: Bins): boolean {
  if (value === undefined) return bins.missing > 0;
  if (bins.kind === 'categorical') return true;
  const number = Number(value);
  const { edges, under, over } = bins;
  return (
    !(under === 0 && number < (edges[0] ?? -Infinity)) && !(over === 0 && number > (edges.at(-1) ?? Infinity))
  );
}
