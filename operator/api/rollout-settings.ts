import { z } from 'zod';
import { cel, durationRule, durationSchema } from './schema.ts';

const samples = (preset: number) =>
  z
    .int()
    .min(1)
    .max(1_000_000)
    .default(preset)
    .describe('Fewer are too few to say anything: the check waits.');
/** The operator keeps readings of pods for so long. */
const LONGEST_WINDOW = '10m';
const windowOf = (preset: string) =>
  durationSchema
    .meta(
      cel(durationRule, {
        rule: `duration(self) <= duration('${LONGEST_WINDOW}')`,
        message: `must be at most ${LONGEST_WINDOW}: readings are kept no longer`,
      }),
    )
    .default(preset)
    .describe(
      'What is looked at: so long back, or longer until there are minSamples, and never before the step began.',
    );
const share = (description: string) => z.number().min(0).max(1).describe(description);

const BOUNDS = cel(
  { rule: 'has(self.max) || has(self.min)', message: 'name a limit: max, min, or both' },
  {
    rule: '!has(self.max) || !has(self.min) || self.min <= self.max',
    message: 'min must not be above max: no value would pass',
  },
);

const metricCheckSchema = z
  .strictObject({
    name: z.string().min(1).max(128).describe('A metric of model.json, such as rmse.'),
    max: z.number().optional().describe('It must be at most this.'),
    min: z.number().optional().describe('It must be at least this.'),
  })
  .meta(BOUNDS)
  .describe('What training measured, as model.json says.');

const errorRateCheckSchema = z
  .strictObject({
    max: share('Greatest share of requests that the candidate may fail: 0.01 is 1 %.'),
    minSamples: samples(50),
    window: windowOf('1m'),
  })
  .describe('Requests that the candidate failed; callers got the stable revision’s answer instead.');

const latencyCheckSchema = z
  .strictObject({
    quantile: z.number().min(0.5).max(0.999).default(0.95).describe('Which one: 0.95 is the p95.'),
    maxSeconds: z.number().min(0.0001).max(600).optional().describe('It must be at most this long.'),
    maxRatio: z
      .number()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'At most so many times the stable revision’s in the same window; 20 ms more are always allowed.',
      ),
    minSamples: samples(100),
    window: windowOf('1m'),
  })
  .meta(
    cel({
      rule: 'has(self.maxSeconds) || has(self.maxRatio)',
      message: 'name a limit: maxSeconds, maxRatio, or both',
    }),
  )
  .describe('How long the candidate takes to answer.');

const agreementCheckSchema = z
  .strictObject({
    min: share('Least share of shadow copies that both revisions answer alike.'),
    minSamples: samples(100),
    window: windowOf('5m'),
  })
  .describe('Shadow copies that were answered alike.');

const predictionShiftCheckSchema = z
  .strictObject({
    maxPsi: z
      .number()
      .min(0.001)
      .max(100)
      .default(0.2)
      .describe('Greatest population stability index between the two revisions’ predictions.'),
    minSamples: samples(500),
    window: windowOf('5m'),
  })
  .describe('Whether the candidate predicts another mix than the stable revision.');

const prometheusCheckSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('How status calls it; absent: the query’s beginning.'),
    query: z
      .string()
      .min(1)
      .max(2048)
      .describe('PromQL that gives one number. $candidate, $stable, $name and $namespace are filled in.'),
    max: z.number().optional().describe('It must be at most this.'),
    min: z.number().optional().describe('It must be at least this.'),
  })
  .meta(BOUNDS)
  .describe('Any query of the Prometheus that the operator was given (--prometheus-url).');

export const CHECK_KINDS = [
  'metric',
  'golden',
  'errorRate',
  'latency',
  'agreement',
  'predictionShift',
  'prometheus',
] as const;

const checkSchema = z
  .strictObject({
    metric: metricCheckSchema.optional(),
    golden: z
      .strictObject({})
      .optional()
      .describe('The bundle’s recorded answers, which every pod repeats before it turns ready.'),
    errorRate: errorRateCheckSchema.optional(),
    latency: latencyCheckSchema.optional(),
    agreement: agreementCheckSchema.optional(),
    predictionShift: predictionShiftCheckSchema.optional(),
    prometheus: prometheusCheckSchema.optional(),
  })
  .meta(
    cel({
      rule: `[${CHECK_KINDS.map((kind) => `has(self.${kind})`).join(', ')}].exists_one(each, each)`,
      message: `a check is exactly one of ${CHECK_KINDS.join(', ')}`,
    }),
  )
  .describe('One condition that the candidate must meet.');
/** With its defaults filled in. */
export type Check = Readonly<z.infer<typeof checkSchema>>;
/** As it was written: the API server fills nothing in inside a list. */
export type WrittenCheck = Readonly<z.input<typeof checkSchema>>;

export function withDefaults(check: WrittenCheck): Check {
  return checkSchema.parse(check);
}

const stepSchema = z
  .strictObject({
    weight: z.int().min(1).max(100).describe('Percent of the requests that the candidate answers.'),
    hold: durationSchema
      .optional()
      .describe('How long, with the checks passing. Absent: until somebody promotes it.'),
  })
  .describe('A share of the traffic, and how long it is held.');

const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

export const rolloutSettingsSchema = z
  .strictObject({
    steps: z
      .array(stepSchema)
      .min(1)
      .max(20)
      .meta(
        cel({
          rule: 'self.map(each, each.weight).isSorted() && self.all(each, self.exists_one(other, other.weight == each.weight))',
          message: 'weights must increase from step to step, up to at most 100',
        }),
      )
      .optional()
      .describe(
        'Shares of the traffic that the candidate gets, one after another. Absent: all of it at once.',
      ),
    shadow: z
      .strictObject({
        percent: z.int().min(1).max(100).default(100).describe('Percent of the requests that are copied.'),
        hold: durationSchema.describe('How long, with the checks passing.'),
        tolerance: z
          .number()
          .min(0)
          .max(1e6)
          .default(1e-4)
          .describe('Two numbers agree within this, absolutely or relative to the greater one.'),
      })
      .optional()
      .describe(
        'Before the first step: copies of requests go to the candidate, whose answers are compared, never returned.',
      ),
    checks: z
      .array(checkSchema)
      .max(16)
      .optional()
      .describe(
        'What must hold at each step. Absent: errorRate (max 0.02) and latency (p95 at most 3 times the stable one’s). An empty list: none.',
      ),
    onFailure: z
      .enum(['undo', 'pause'])
      .default('undo')
      .describe(
        'undo: a failed check takes the candidate away for good. pause: it gets no traffic until somebody promotes or aborts it.',
      ),
    bake: durationSchema
      .optional()
      .describe(
        'After the promotion the checks go on for so long, with the earlier revision warm: a failure still undoes.',
      ),
    progressDeadline: durationSchema
      .default('10m')
      .describe('How long a candidate may take to start, and a step beyond its hold, before it is rejected.'),
    paused: z
      .boolean()
      .default(false)
      .describe('The rollout stays where it is; a new candidate starts and gets no traffic.'),
    maxSurge: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe(
        'Pods beyond spec.replicas while a candidate is on its way. Absent: as many as it takes. 0: within the capacity there is, at the cost of the stable revision’s pods.',
      ),
    candidateTimeout: durationSchema
      .meta(cel(durationRule, { rule: "duration(self) <= duration('10m')", message: 'must be at most 10m' }))
      .default('2s')
      .describe(
        'A request that is passed to the candidate is answered by the stable revision after so long.',
      ),
    sticky: z
      .strictObject({
        header: z
          .string()
          .min(1)
          .max(128)
          .regex(HEADER)
          .describe('Requests with the same value of this header meet the same revision.'),
      })
      .optional()
      .describe('Who meets the candidate once meets it again.'),
    allowBreakingSchema: z
      .boolean()
      .default(false)
      .describe('Let a candidate through that removes or changes fields or requires new ones.'),
  })
  .meta(
    cel(
      {
        rule: '!has(self.checks) || !self.checks.exists(each, has(each.agreement)) || has(self.shadow)',
        message: 'the check agreement compares shadow answers: add rollout.shadow, or leave the check out',
        fieldPath: '.checks',
      },
      {
        rule: '!has(self.checks) || has(self.steps) || has(self.shadow) || has(self.bake) || self.checks.all(each, has(each.metric) || has(each.golden))',
        message:
          'these checks would never be looked at: they need rollout.steps, rollout.shadow or rollout.bake; metric and golden alone do not',
        fieldPath: '.checks',
      },
      {
        rule: '!has(self.checks) || has(self.steps) || !self.checks.exists(each, has(each.predictionShift) || (has(each.latency) && (!has(each.latency.maxSeconds) || !has(self.bake))))',
        message:
          'a check would never be looked at: predictionShift and latency.maxRatio need rollout.steps, latency.maxSeconds rollout.steps or rollout.bake',
        fieldPath: '.checks',
      },
    ),
  )
  .describe('How a new revision takes over.');
type Parsed = z.infer<typeof rolloutSettingsSchema>;
/** As the API server keeps it: defaults filled in, but for those of checks. */
export type RolloutSettings = Readonly<Omit<Parsed, 'checks'>> & {
  readonly checks?: readonly WrittenCheck[] | undefined;
};
