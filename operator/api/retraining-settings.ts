import { z } from 'zod';
import { environmentNameSchema, nodeSelectorSchema, resourcesSchema } from './pod-settings.ts';
import { tolerationsSchema } from './scheduling.ts';
import {
  cel,
  durationRule,
  durationSchema,
  imageSchema,
  listMap,
  matches,
  nameReferenceSchema,
} from './schema.ts';

const MONTHS = '(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)';
const WEEKDAYS = '(?i:sun|mon|tue|wed|thu|fri|sat)';
const CRON_FIELDS = [
  '[0-5]?[0-9]',
  '([01]?[0-9]|2[0-3])',
  '(0?[1-9]|[12][0-9]|3[01])',
  `(0?[1-9]|1[0-2]|${MONTHS})`,
  `(0?[0-6]|${WEEKDAYS})`,
].map((value) => {
  const item = `([*?]|${value}(-${value})?)(/[1-9][0-9]?)?`;
  return `${item}(,${item})*`;
});
/** Five fields, each in its range, or one of cron's names: what the API server takes, but for a range from high to low. */
const CRON = new RegExp(
  `^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|${CRON_FIELDS.join(' ')})$`,
);
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+/-]*$/;

const secretKeySchema = z
  .strictObject({
    name: nameReferenceSchema.describe('Name of the Secret, in the same namespace.'),
    key: z.string().min(1).max(253).describe('The key whose value is taken.'),
  })
  .describe('A value of a Secret.');

const envSchema = z
  .strictObject({
    name: environmentNameSchema,
    value: z.string().max(4096).optional().describe('Its value, as it stands.'),
    valueFrom: z.strictObject({ secretKeyRef: secretKeySchema }).optional().describe('Where its value is.'),
  })
  .meta(
    cel({
      rule: 'has(self.value) != has(self.valueFrom)',
      message: 'needs either value or valueFrom, and not both',
    }),
  )
  .describe('One environment variable.');

const envFromSchema = z
  .strictObject({
    secretRef: z
      .strictObject({ name: nameReferenceSchema.describe('Name of the Secret.') })
      .optional()
      .describe('All keys of a Secret.'),
    configMapRef: z
      .strictObject({ name: nameReferenceSchema.describe('Name of the ConfigMap.') })
      .optional()
      .describe('All keys of a ConfigMap.'),
  })
  .meta(
    cel({
      rule: 'has(self.secretRef) != has(self.configMapRef)',
      message: 'needs either secretRef or configMapRef, and not both',
    }),
  )
  .describe('A Secret or a ConfigMap, in the same namespace, whose keys become variables.');

const jobSchema = z
  .strictObject({
    image: imageSchema.describe('Image of the training program.'),
    command: z
      .array(z.string().max(4096).describe('A word.'))
      .max(32)
      .optional()
      .describe('Instead of the image’s entry point.'),
    args: z.array(z.string().max(4096).describe('A word.')).max(64).optional().describe('Its arguments.'),
    env: z
      .array(envSchema)
      .max(64)
      .meta(listMap('name'))
      .optional()
      .describe('Environment variables, beside the WINDLASS_ ones that Windlass sets.'),
    envFrom: z
      .array(envFromSchema)
      .max(8)
      .optional()
      .describe('Secrets and ConfigMaps whose keys become variables: keys of S3, the address of MLflow.'),
    resources: resourcesSchema.optional(),
    serviceAccountName: nameReferenceSchema
      .optional()
      .describe('Service account of the pod. Absent: default.'),
    timeout: durationSchema
      .meta(
        cel(durationRule, { rule: "duration(self) <= duration('168h')", message: 'must be at most 168h' }),
      )
      .default('2h')
      .describe('A Job that runs for longer is ended, and has failed. At most 168h.'),
    backoffLimit: z
      .int()
      .min(0)
      .max(10)
      .default(1)
      .describe('Tries after the first one that fails. Exit status 3, no better model, is not tried again.'),
    nodeSelector: nodeSelectorSchema.optional().describe('Labels that a node must have.'),
    tolerations: tolerationsSchema.optional(),
  })
  .describe(
    'The program that trains. Its pod runs under the restricted Pod Security Standard as user 65532, with /tmp to write to.',
  );
export type RetrainingJobSettings = Readonly<z.infer<typeof jobSchema>>;

export const retrainingSettingsSchema = z
  .strictObject({
    schedule: z
      .string()
      .min(6)
      .max(128)
      .regex(CRON)
      .meta(
        cel(
          matches(
            CRON,
            'must be five cron fields such as "0 3 * * 0": minutes 0-59, hours 0-23, days 1-31, months 1-12 or jan-dec, weekdays 0-6 or sun-sat (Sunday is 0); or @weekly, @daily, @hourly',
          ),
        ),
      )
      .optional()
      .describe('When to train, as cron has it. A run is left out while another one is on.'),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .regex(TIME_ZONE)
      .meta(cel(matches(TIME_ZONE, 'must be the name of a time zone, such as Europe/Berlin')))
      .optional()
      .describe('The schedule’s time zone. Absent: UTC.'),
    onDrift: z
      .strictObject({
        cooldown: durationSchema
          .default('24h')
          .describe('Least time from the start of any retraining to the start of one for drift.'),
      })
      .optional()
      .describe('Train when the condition Drifted is True.'),
    job: jobSchema,
  })
  .meta(
    cel({
      rule: '!has(self.timeZone) || has(self.schedule)',
      message: 'timeZone is the schedule’s: give a schedule too, or leave it out',
      fieldPath: '.timeZone',
    }),
  )
  .describe(
    'A Job that trains a new model and pushes it to where spec.model.uri points, or moves its alias: the new revision goes through the same checks. Without schedule and onDrift a person starts it (kubectl windlass retrain). No part of a revision.',
  );
export type RetrainingSettings = Readonly<z.infer<typeof retrainingSettingsSchema>>;

/** Why a retraining began. */
export const RETRAINING_REASONS = ['drift', 'schedule', 'manual'] as const;
export type RetrainingReason = (typeof RETRAINING_REASONS)[number];

export const retrainingStatusSchema = z
  .strictObject({
    jobName: z.string().max(253).describe('The Job that began last.'),
    reason: z.enum(RETRAINING_REASONS).describe('Why it began.'),
    lastStarted: z.iso.datetime().describe('When it began.'),
    lastResult: z.enum(['Running', 'Succeeded', 'Failed']).describe('What became of it.'),
    message: z.string().max(2048).optional().describe('What it said last, and why it failed.'),
  })
  .describe('The last retraining.');
export type RetrainingStatus = Readonly<z.infer<typeof retrainingStatusSchema>>;
