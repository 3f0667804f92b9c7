import type { AlertCase, Series } from './series.ts';

/** As the rules' own cases; alerts of deploy/examples are a team's, and called as it likes. */
export type SystemAlertCase = Omit<AlertCase, 'alert'> & { readonly alert: string };

type System = 'bankchurn' | 'carvision' | 'creditrisk' | 'plant';

const podOf = (name: System, pod = 'a'): string =>
  `job="windlass-runtime",namespace="models",name="${name}",revision="${name}-1",pod="${name}-1-${pod}"`;

const requests = (name: System, status: number, perMinute: number, method = 'POST'): Series => ({
  [`http_requests_total{${podOf(name)},method="${method}",path="/predict",status="${String(status)}"}`]: `0+${String(perMinute)}x60`,
});

interface Latency {
  readonly name: System;
  /** A bucket's upper bound, in seconds, and the next one's. */
  readonly limit: number;
  readonly next: number;
}

/** 100 requests a minute, some of which take longer than the limit. */
const slow = ({ name, limit, next }: Latency, share: number, method = 'POST'): Series => {
  const bucket = (le: string, count: number): Series => ({
    [`http_request_duration_seconds_bucket{${podOf(name)},method="${method}",path="/predict",le="${le}"}`]: `0+${String(count)}x60`,
  });
  return { ...bucket(String(limit), 100 - share), ...bucket(String(next), 100), ...bucket('+Inf', 100) };
};

const labels = (name: System, severity: string): AlertCase['fires']['labels'] => ({
  namespace: 'models',
  name,
  severity,
});

function latencyCase(
  alert: string,
  latency: Latency,
  /** Of 100 requests, how many are too slow where it fires, and the most where it does not. */
  { fires, quiet }: { readonly fires: number; readonly quiet: number },
  {
    summary,
    description,
    severity = 'warning',
  }: Readonly<Record<'summary' | 'description', string>> & {
    readonly severity?: string;
  },
): SystemAlertCase {
  return {
    alert,
    fires: {
      series: slow(latency, fires),
      at: '20m',
      labels: labels(latency.name, severity),
      summary,
      description,
    },
    quiet: {
      'enough are within the limit': { series: slow(latency, quiet), at: '30m' },
      'pages are slow, not predictions': { series: slow(latency, fires, 'GET'), at: '30m' },
      'it is another namespace’s': {
        series: Object.fromEntries(
          Object.entries(slow(latency, fires)).map(([name, values]) => [
            name.replace('"models"', '"staging"'),
            values,
          ]),
        ),
        at: '30m',
      },
    },
  };
}

function errorCase(
  alert: string,
  name: System,
  { fires, quiet }: { readonly fires: number; readonly quiet: number },
  { summary, description, severity }: Readonly<Record<'summary' | 'description' | 'severity', string>>,
): SystemAlertCase {
  return {
    alert,
    fires: {
      series: { ...requests(name, 200, 100 - fires), ...requests(name, 500, fires) },
      at: '20m',
      labels: labels(name, severity),
      summary,
      description,
    },
    quiet: {
      'fewer fail': {
        series: { ...requests(name, 200, 100 - quiet), ...requests(name, 500, quiet) },
        at: '30m',
      },
      'callers send bad rows': {
        series: { ...requests(name, 200, 50), ...requests(name, 422, 50) },
        at: '30m',
      },
      'hardly anybody asks': { series: { ...requests(name, 200, 1), ...requests(name, 500, 1) }, at: '30m' },
    },
  };
}

/** Every five minutes: hours of one mean, then of another, as the histogram's sum and count. */
const means = (
  name: System,
  metric: string,
  perMinute: number,
  [before, after]: readonly [number, number],
  minutes: number,
): Series => {
  const [count, readings] = [perMinute * 5, minutes / 5];
  const then = (one: number, other: number): string =>
    `0+${String(one)}x${String(readings)} ${String(one * readings)}+${String(other)}x24`;
  return {
    [`${metric}_sum{${podOf(name)}}`]: then(before * count, after * count),
    [`${metric}_count{${podOf(name)}}`]: then(count, count),
  };
};
const MEANS = { at: '1580m', every: '5m' };
const price = (perMinute: number, both: readonly [number, number], minutes = 1500): Series =>
  means('carvision', 'prediction_value', perMinute, both, minutes);
const confidence = (perMinute: number, both: readonly [number, number], minutes = 1500): Series =>
  means('plant', 'prediction_probability', perMinute, both, minutes);

const carvisionErrors = (values: string): Series => ({
  [`http_requests_total{${podOf('carvision')},method="POST",path="/predict",status="500"}`]: values,
});
const loaded = (pod: string, value: 0 | 1): Series => ({
  [`model_loaded{${podOf('creditrisk', pod)}}`]: `${String(value)}x60`,
});
const NOT_LOADED = {
  summary: 'CreditRisk has no model loaded',
  description: 'No pod of CreditRisk has said for 2 minutes that its model is loaded.',
};

export const systemCases: readonly SystemAlertCase[] = [
  latencyCase(
    'BankChurnLatencyHigh',
    { name: 'bankchurn', limit: 0.2, next: 0.5 },
    { fires: 10, quiet: 4 },
    {
      summary: 'BankChurn answers slowly',
      description: 'The p95 of a prediction of BankChurn has been 350ms; the limit is 200 ms.',
    },
  ),
  errorCase(
    'BankChurnErrorRateHigh',
    'bankchurn',
    { fires: 2, quiet: 1 },
    {
      summary: 'BankChurn answers with errors',
      description:
        '2% of the predictions of BankChurn in the last 5 minutes were answered with a 5xx; the limit is 1 %.',
      severity: 'critical',
    },
  ),
  latencyCase(
    'CarVisionLatencyHigh',
    { name: 'carvision', limit: 0.2, next: 0.5 },
    { fires: 2, quiet: 0 },
    {
      summary: 'CarVision answers slowly',
      description: 'The p99 of a prediction of CarVision has been 350ms; the limit is 200 ms.',
    },
  ),
  {
    alert: 'CarVisionErrors',
    fires: {
      series: { ...requests('carvision', 200, 100), ...carvisionErrors('_x10 1x60') },
      at: '11m',
      labels: labels('carvision', 'warning'),
      summary: 'CarVision answers with errors',
      description:
        'Predictions of CarVision were answered with a 5xx in the last 5 minutes (1); none is the limit.',
    },
    quiet: {
      'it was longer ago': { series: carvisionErrors('_x10 1x60'), at: '30m' },
      'callers send bad rows': { series: requests('carvision', 422, 60), at: '30m' },
    },
  },
  {
    alert: 'CarVisionMeanPriceMoved',
    fires: {
      series: price(10, [10_000, 13_000]),
      ...MEANS,
      labels: labels('carvision', 'warning'),
      summary: 'The mean price that CarVision predicts has moved',
      description:
        'The mean price of the last hour is 29.59% away from that of the day before; the limit is 20 %.',
    },
    quiet: {
      'it moved by less': { series: price(10, [10_000, 11_500]), ...MEANS },
      'a few cars are asked for': { series: price(1, [10_000, 13_000]), ...MEANS },
      'there is no day before': { series: price(10, [10_000, 13_000], 0), at: '55m', every: '5m' },
    },
  },
  errorCase(
    'CreditRiskErrorRateHigh',
    'creditrisk',
    { fires: 6, quiet: 5 },
    {
      summary: 'CreditRisk answers with errors',
      description:
        '6% of the predictions of CreditRisk in the last 5 minutes were answered with a 5xx; the limit is 5 %.',
      severity: 'critical',
    },
  ),
  latencyCase(
    'CreditRiskLatencyHigh',
    { name: 'creditrisk', limit: 1, next: 2.5 },
    { fires: 10, quiet: 4 },
    {
      summary: 'CreditRisk answers slowly',
      description: 'The p95 of a prediction of CreditRisk has been 1.75s; the limit is 1 s.',
    },
  ),
  {
    alert: 'CreditRiskModelNotLoaded',
    fires: {
      series: { ...loaded('a', 0), ...loaded('b', 0) },
      at: '5m',
      labels: labels('creditrisk', 'critical'),
      ...NOT_LOADED,
    },
    quiet: {
      'one pod has it': { series: { ...loaded('a', 0), ...loaded('b', 1) }, at: '30m' },
      'it was scaled to zero': {
        series: { 'windlass_modeldeployment_spec_replicas{namespace="models",name="creditrisk"}': '0x60' },
        at: '30m',
      },
    },
  },
  {
    alert: 'CreditRiskModelNotLoaded',
    fires: {
      // Nothing of it is heard of at all.
      series: { 'windlass_modeldeployment_spec_replicas{namespace="models",name="creditrisk"}': '2x60' },
      at: '5m',
      labels: { ...labels('creditrisk', 'critical'), job: 'windlass-runtime' },
      ...NOT_LOADED,
    },
    quiet: { 'its pods are heard of': { series: loaded('a', 1), at: '30m' } },
  },
  latencyCase(
    'PlantLatencyHigh',
    { name: 'plant', limit: 0.5, next: 1 },
    { fires: 10, quiet: 4 },
    {
      summary: 'PlantDisease answers slowly',
      description: 'The p95 of a prediction of PlantDisease has been 750ms; the limit is 500 ms.',
      severity: 'critical',
    },
  ),
  errorCase(
    'PlantErrorRateHigh',
    'plant',
    { fires: 2, quiet: 1 },
    {
      summary: 'PlantDisease answers with errors',
      description:
        '2% of the predictions of PlantDisease in the last 5 minutes were answered with a 5xx; the limit is 1 %.',
      severity: 'warning',
    },
  ),
  {
    alert: 'PlantConfidenceDropped',
    fires: {
      series: confidence(10, [0.9, 0.7]),
      ...MEANS,
      labels: labels('plant', 'warning'),
      summary: 'PlantDisease is less sure than it was',
      description:
        'The mean confidence of the last hour is 22.04% below that of the day before; the limit is 10 %.',
    },
    quiet: {
      'it is as sure as it was': { series: confidence(10, [0.9, 0.85]), ...MEANS },
      'it is surer': { series: confidence(10, [0.7, 0.9]), ...MEANS },
      'a few pictures are sent': { series: confidence(0.5, [0.9, 0.7]), ...MEANS },
    },
  },
];
