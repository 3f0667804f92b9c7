import type { alerts } from '../../../monitoring/rules/index.ts';

/** Series as promtool reads them: `metric{labels}` -> values, one a minute unless a case says otherwise. */
export type Series = Readonly<Record<string, string>>;

export interface Input {
  readonly series: Series;
  readonly at: string;
  /** Between two values, and two evaluations: hours by the minute take long. */
  readonly every?: string;
}

export interface AlertCase {
  readonly alert: (typeof alerts)[number]['alert'];
  /** What makes it fire at `at`, once, with these labels and this description. */
  readonly fires: Input & {
    readonly labels: Readonly<Record<string, string>>;
    readonly summary: string;
    readonly description: string;
  };
  /** Other causes of the same alert, by what they are. */
  readonly also?: Readonly<Record<string, { readonly series: Series; readonly at: string }>>;
  /** What looks alike and must not fire, by why. */
  readonly quiet: Readonly<Record<string, Input>>;
}

export const BANK = 'namespace="churn",name="bank"';
/** Metrics come from each of the operator's pods: what they say together must be said once. */
export const byBothPods = (metric: string, labels: string, values: string): Series => ({
  [`${metric}{${labels},pod="windlass-0"}`]: values,
  [`${metric}{${labels},pod="windlass-1"}`]: values,
});

export interface Info {
  readonly reason: string;
  readonly revision?: string;
  readonly phase?: string;
  readonly candidate?: string;
}
export const info = ({ reason, revision = 'bank-1', phase = 'Stable', candidate = '' }: Info): Series =>
  byBothPods(
    'windlass_modeldeployment_info',
    `${BANK},revision="${revision}",number="3",version="3.1",candidate="${candidate}",phase="${phase}",reason="${reason}"`,
    '1x120',
  );
export const condition = (type: string, status: string, values = '1x120'): Series =>
  byBothPods('windlass_modeldeployment_condition', `${BANK},type="${type}",status="${status}"`, values);
/** Before the test’s first minute where it is negative. */
export const phaseSince = (seconds: number): Series =>
  byBothPods('windlass_rollout_phase_since_seconds', BANK, `${String(seconds)}x120`);

export const POD = `job="windlass-runtime",${BANK},revision="bank-1",pod="bank-1-a"`;
export const requests = (status: number, perMinute: number): Series => ({
  [`http_requests_total{${POD},method="POST",path="/predict",status="${String(status)}"}`]: `0+${String(perMinute)}x60`,
});
export const probes: Series = {
  [`http_requests_total{${POD},method="GET",path="/readyz",status="503"}`]: '0+600x60',
};
export const durations = (below1s: number, above1s: number): Series => {
  const bucket = (le: string, count: number): Series => ({
    [`http_request_duration_seconds_bucket{${POD},method="POST",path="/predict",le="${le}"}`]: `0+${String(count)}x60`,
  });
  return {
    ...bucket('1', below1s),
    ...bucket('2.5', below1s + above1s),
    ...bucket('+Inf', below1s + above1s),
  };
};
export const OPERATOR = 'job="windlass-operator",pod="windlass-0"';
