/**
 * A figure is one number that the project promises, with its goal. `make figures` measures each afresh and prints one
 * JSON line for it.
 */
export interface Figure {
  readonly name: string;
  /** The goal as a person reads it, for example `<= 6 s`. */
  readonly goal: Goal;
  readonly measure: () => Promise<Measurement>;
}

/** A group of figures that share what they are measured on (a cluster, say), which `close` gives back. */
export interface Suite {
  readonly figures: readonly Figure[];
  readonly close: () => Promise<void>;
}

/** A goal without a bound is a number that is reported, and holds whatever it is. */
export interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit: string;
}

export interface Measurement {
  readonly value: number;
  /** What else a reader needs to judge the value: counts, causes, the peer's number. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface FigureLine {
  readonly figure: string;
  readonly value: number | null;
  readonly goal: string;
  readonly holds: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

/** Pure: whether a value meets a goal. NaN meets none. */
export function holds(goal: Goal, value: number): boolean {
  if (Number.isNaN(value)) return false;
  return value <= (goal.atMost ?? Infinity) && value >= (goal.atLeast ?? -Infinity);
}

export function describeGoal({ atMost, atLeast, unit }: Goal): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`>= ${atLeast}`]),
    ...(atMost === undefined ? [] : [`<= ${atMost}`]),
  ];
  const bound = bounds.length === 0 ? 'no bound' : bounds.join(' and ');
  return `${bound}${unit === '' ? '' : `${bounds.length === 0 ? ',' : ''} ${unit}`}`;
}

/** Measures a figure; an error is a figure that does not hold, with its cause. */
export async function measureFigure(figure: Figure): Promise<FigureLine> {
  const goal = describeGoal(figure.goal);
  try {
    const { value, detail } = await figure.measure();
    const rounded = Math.round(value * 1000) / 1000;
    return {
      figure: figure.name,
      value: rounded,
      goal,
      holds: holds(figure.goal, value),
      ...(detail === undefined ? {} : { detail }),
    };
  } catch (error) {
    return {
      figure: figure.name,
      value: null,
      goal,
      holds: false,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}
