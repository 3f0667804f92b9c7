import { z } from 'zod';

export const ROLLOUT_PHASES = [
  'Resolving',
  'Starting',
  'Shadow',
  'Step',
  'Promoting',
  'Baking',
  'Paused',
] as const;
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];

const checkStatusSchema = z
  .strictObject({
    name: z.string().max(128).describe('Which check.'),
    state: z
      .enum(['Passing', 'Waiting', 'Failing'])
      .describe('What it says now; Waiting: too few samples, or no reading.'),
    value: z.string().max(64).optional().describe('The last value.'),
    limit: z.string().max(128).describe('What it is held against.'),
    samples: z.int().optional().describe('How many requests or rows the value is of.'),
    message: z.string().max(1024).optional().describe('Why it waits or fails, and what to do.'),
  })
  .describe('One check of the rollout.');

export const rolloutStatusSchema = z
  .strictObject({
    phase: z
      .enum(ROLLOUT_PHASES)
      .describe(
        'Resolving: the source is read and checked. Starting: the candidate’s pods are on their way. Shadow: it gets copies. Step: it gets a share. Promoting: it grows to full size. Baking: it is stable, and watched. Paused: a check failed, and a person has to decide.',
      ),
    since: z.iso.datetime().describe('When this phase or step began.'),
    startedAt: z.iso.datetime().describe('When the candidate began.'),
    step: z.int().min(0).optional().describe('The step that it is at, from 1; 0: before the first one.'),
    steps: z.int().min(0).optional().describe('How many there are.'),
    weight: z.int().min(0).max(100).optional().describe('Percent of the requests that go to the candidate.'),
    holdUntil: z.iso
      .datetime()
      .optional()
      .describe('When the phase may end; absent: when somebody promotes it.'),
    waitingFor: z.string().max(512).optional().describe('What it waits for now.'),
    pods: z.int().min(0).optional().describe('Pods of the candidate that are ready.'),
    podsWanted: z.int().min(0).optional().describe('Pods of the candidate that this step takes.'),
    checks: z
      .array(checkStatusSchema)
      .max(24)
      .optional()
      .describe('Each check’s last value against its limit.'),
    shadow: z
      .strictObject({
        compared: z.int().describe('Copies that both revisions answered.'),
        agreed: z.int().describe('Of these, the ones answered alike.'),
        failed: z.int().describe('Copies that the candidate failed.'),
        dropped: z.int().describe('Copies that were not sent, because too many waited.'),
        p50Difference: z.string().max(32).optional().describe('Median of the greatest difference of a pair.'),
        p99Difference: z.string().max(32).optional().describe('Its 99th percentile.'),
        worst: z
          .array(
            z
              .strictObject({
                hash: z.string().max(64).describe('sha256 of the request’s body.'),
                difference: z.string().max(32).describe('The greatest difference between the answers.'),
              })
              .describe('A request.'),
          )
          .max(10)
          .optional()
          .describe('The requests with the greatest differences.'),
      })
      .optional()
      .describe('What the comparison of shadow answers came to.'),
  })
  .describe('The rollout on its way; absent when there is none.');
export type RolloutStatus = Readonly<z.infer<typeof rolloutStatusSchema>>;
