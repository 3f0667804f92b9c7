import {
  CHURN,
  delay,
  drawn,
  moved,
  tilted,
  reportOf,
  upperBound,
  windows,
} from '#operator/drift/simulation.ts';
import type { Simulation } from '#operator/drift/simulation.ts';
import { DriftSum } from '#operator/drift/sum.ts';
import { seeded } from '#test/support/random.ts';
import type { Figure, Measurement } from '../figure.ts';

/** What fails first: a handful of rows; and what is asked for by default, and more. */
const ROWS = [200, 500, 1000, 2000, 5000, 10_000];
const AT_REST = 10_000;
const SHIFTED = 400;
const DELAYS = 200;
/** The churn model's training data. */
const REFERENCE_ROWS = 8000;
const RULE = { maxPsi: 0.2, minSamples: 200 };

/** The feature Age, moved so far; the PSI of each among many rows is about 0.03, 0.3 and 0.8. */
const SHIFTS = {
  small: tilted(CHURN, 'Age', 0.35),
  middle: tilted(CHURN, 'Age', 1.2),
  large: tilted(CHURN, 'Age', 1.9),
} as const;

/** Drift as the operator sees it: never without cause, and soon where there is one. Simulated, through the operator's own sums. */
export function drift(): readonly Figure[] {
  return [
    {
      name: `drift: upper 95 % bound of false alarms in 1,000 windows, of ${AT_REST} disjoint windows at rest of each of ${ROWS.join(', ')} rows`,
      goal: { atMost: 1, unit: '' },
      measure: async () => Promise.resolve(atRest()),
    },
    {
      name: 'drift: least PSI of a window in which 40 % of a feature were moved far out of range',
      goal: { atLeast: 1, unit: '' },
      measure: async () => Promise.resolve(farOut()),
    },
    {
      name: 'drift: share of windows of 1,000 rows in which a large shift of one feature is found',
      goal: { atLeast: 0.99, unit: '' },
      measure: async () => Promise.resolve(found()),
    },
  ];
}

const simulation = (sent: Simulation['sent'], rows: number): Simulation => ({
  trained: CHURN,
  sent,
  referenceRows: REFERENCE_ROWS,
  rows,
  pods: 3,
  rule: RULE,
});

/** Of all numbers of rows, the one with the most false alarms decides. */
function atRest(): Measurement {
  const detail: Record<string, { readonly alarms: number; readonly bound: number }> = {};
  for (const rows of ROWS) {
    let alarms = 0;
    for (const drifted of windows(simulation(CHURN, rows), AT_REST, rows))
      if (drifted.length > 0) alarms += 1;
    detail[String(rows)] = { alarms, bound: upperBound(alarms, AT_REST) };
  }
  return { value: 1000 * Math.max(...Object.values(detail).map(({ bound }) => bound)), detail };
}

function farOut(): Measurement {
  const sent = moved(CHURN, 'Age', 0.4);
  const detail: Record<string, number> = {};
  for (const rows of ROWS) {
    const random = seeded(rows);
    let least = Infinity;
    for (let window = 0; window < SHIFTED; window++) {
      const sum = new DriftSum(3_600_000, () => 0);
      sum.add('pod', reportOf(sent, drawn(CHURN, REFERENCE_ROWS, random), drawn(sent, rows, random)));
      const age = sum.features(RULE).find(({ name }) => name === 'Age');
      least = Math.min(least, age?.state === 'drifted' ? age.psi : 0);
    }
    detail[String(rows)] = Math.round(least * 100) / 100;
  }
  return { value: Math.min(...Object.values(detail)), detail };
}

/** The share of windows in which each shift is found, and the rows until it is, in a window that began with it. */
function found(): Measurement {
  const detail: Record<string, unknown> = {};
  let large = 0;
  for (const [name, sent] of Object.entries(SHIFTS)) {
    const shares: Record<string, number> = {};
    for (const rows of ROWS) {
      let seen = 0;
      for (const drifted of windows(simulation(sent, rows), SHIFTED, rows)) {
        if (drifted.includes('Age')) seen += 1;
      }
      shares[String(rows)] = seen / SHIFTED;
    }
    if (name === 'large') large = shares['1000'] ?? 0;
    const delays = Array.from({ length: DELAYS }, (_, i) => delay(simulation(sent, 0), 50, 10_000, i));
    const rows = delays.map((each) => each ?? Infinity).toSorted((a, b) => a - b);
    detail[name] = {
      foundByRows: shares,
      rowsUntilFound: { median: finite(rows[DELAYS / 2]), p95: finite(rows[Math.floor(DELAYS * 0.95)]) },
    };
  }
  return { value: large, detail };
}

function finite(rows: number | undefined): number | string {
  return rows === undefined || rows === Infinity ? 'not within 10,000 rows' : rows;
}
